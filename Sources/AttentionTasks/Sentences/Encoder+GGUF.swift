import AttentionFiles
import AttentionModels

extension GGUFFile {
    /// Refuses parts that some encoders have and that would be passed over.
    ///
    /// - Throws: `ModelFileError`.
    func checkEncoderTensors() throws(ModelFileError) {
        for part in ["attn_q_norm", "attn_k_norm", "attn_norm_2", "ffn_gate_inp"] {
            let name = "blk.0.\(part).weight"
            guard entry(named: name) == nil else {
                throw .invalidField(
                    file: path, field: name, expected: "no such tensor, as this part is not implemented",
                    found: "one")
            }
        }
    }
}

extension Pooling {
    /// The pooling that an encoder's GGUF file names; the mean where it names none.
    ///
    /// - Throws: `GGUFError` for a value of another type; `ModelFileError` for what gives no vector of a
    ///   text.
    init(gguf file: GGUFFile) throws {
        let key = "\(try file.string(GGUFKey.architecture) ?? "").pooling_type"
        switch try file.integer(key) {
        case nil, 1: self = .mean
        case 2: self = .firstToken
        case 3: self = .lastToken
        case let type?:
            throw ModelFileError.invalidField(
                file: file.path, field: key, expected: "1 (mean), 2 (first token) or 3 (last token)",
                found: "\(type)")
        }
    }
}
