import AttentionFiles
import AttentionJSON
import AttentionModels

extension EncoderTransformer {
    /// Whether `path` leads to a GGUF file whose metadata name an encoder.
    static func isGGUF(at path: String) -> Bool {
        guard let file = try? GGUFFile(path: path), let name = try? file.string("general.architecture") else {
            return false
        }
        return isEncoder(ggufName: name)
    }

    /// Whether a value of `general.architecture` names an encoder, implemented or not.
    package static func isEncoder(ggufName name: String) -> Bool {
        ModelRegistry.family(ggufName: name)?.kind == .encoder
            || otherNamesInGGUF.contains { ExactString($0) == ExactString(name) }
    }

    /// Encoders that are not implemented.
    private static let otherNamesInGGUF = ["nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "neo-bert"]
}

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
        let key = "\(try file.string("general.architecture") ?? "").pooling_type"
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
