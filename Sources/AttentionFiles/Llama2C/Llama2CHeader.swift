import AttentionTensors

/// The sizes at the beginning of the file, and what they say about the rest.
struct Llama2CHeader {
    let byteCount: Int
    /// In version 2 matrices are whole numbers of 8 bits, and this many neighbours share a scale.
    let groupSize: Int?
    /// The tensors in the file's order; one without a name is skipped.
    private(set) var tensors: [(name: String?, shape: Shape)] = []

    private let width, inner, layers, heads, keyValueHeads, vocabulary, positions: Int

    /// "ak42", how versions 1 and 2 begin. The first form begins with the model's width.
    private static let magic = 0x616b_3432

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(ModelFileError) {
        func number(_ index: Int) throws(ModelFileError) -> Int {
            guard bytes.count >= 4 * (index + 1) else {
                throw .invalidField(
                    file: path, field: "the header", expected: "7 numbers", found: "\(bytes.count) bytes")
            }
            return Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self)))
        }
        let isMarked = try number(0) == Self.magic
        let version = isMarked ? try number(1) : 0
        guard (0...2).contains(version), isMarked == (version > 0) else {
            throw .invalidField(
                file: path, field: "the version of llama2.c's format", expected: "1 or 2", found: "\(version)"
            )
        }
        let first = isMarked ? 2 : 0
        func size(_ index: Int, _ field: String) throws(ModelFileError) -> Int {
            let value = try number(first + index)
            guard (1..<1 << 24).contains(value) else {
                throw .invalidField(file: path, field: field, expected: "1 to 2^24", found: "\(value)")
            }
            return value
        }
        width = try size(0, "dim")
        inner = try size(1, "hidden_dim")
        layers = try size(2, "n_layers")
        heads = try size(3, "n_heads")
        keyValueHeads = try size(4, "n_kv_heads")
        // In the first form a negative number means a head of its own.
        let signed = try number(first + 5)
        vocabulary = abs(signed)
        positions = try size(6, "max_seq_len")
        guard (1..<1 << 24).contains(vocabulary), width % heads == 0, heads % keyValueHeads == 0,
            width / heads % 2 == 0
        else {
            throw .invalidField(
                file: path, field: "the header", expected: "heads that divide the width, and a vocabulary",
                found: "dim \(width), n_heads \(heads), n_kv_heads \(keyValueHeads), vocab_size \(signed)")
        }
        byteCount = isMarked ? 256 : 28
        guard bytes.count >= byteCount, layers <= bytes.count else {
            throw .invalidField(
                file: path, field: "n_layers", expected: "no more than the file holds", found: "\(layers)")
        }
        let hasHead = isMarked ? bytes[36] == 0 : signed < 0
        groupSize =
            version == 2
            ? Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 37, as: Int32.self))) : nil
        tensors = listed(isMarked: isMarked, hasHead: hasHead)
        try check(bytes.count, path)
    }

    /// The bytes of a tensor: floats, or whole numbers and then the scales.
    func byteCount(of shape: Shape) -> Int {
        guard let groupSize, shape.rank == 2 else { return 4 * shape.elementCount }
        return shape.elementCount + 4 * (shape.elementCount / groupSize)
    }

    private func listed(isMarked: Bool, hasHead: Bool) -> [(name: String?, shape: Shape)] {
        func each(_ name: String, _ shape: Shape) -> [(name: String?, shape: Shape)] {
            (0..<layers).map { ("blk.\($0).\(name).weight", shape) }
        }
        let (headWidth, keys) = (width / heads, width / heads * keyValueHeads)
        let tokens: [(name: String?, shape: Shape)] = [("token_embd.weight", [vocabulary, width])]
        let attention =
            each("attn_q", [width, width]) + each("attn_k", [keys, width]) + each("attn_v", [keys, width])
            + each("attn_output", [width, width])
        let feedForward =
            each("ffn_gate", [inner, width]) + each("ffn_down", [width, inner])
            + each("ffn_up", [inner, width])
        let (norm1, norm2) = (each("attn_norm", [width]), each("ffn_norm", [width]))
        let norm: [(name: String?, shape: Shape)] = [("output_norm.weight", [width])]
        let head: [(name: String?, shape: Shape)] =
            hasHead ? [("output.weight", [vocabulary, width])] : []
        if isMarked { return norm1 + norm2 + norm + tokens + attention + feedForward + head }
        // Tables of cosines and sines, which are computed here.
        let angles: [(name: String?, shape: Shape)] = [(nil, [2 * positions, headWidth / 2])]
        return tokens + norm1 + attention + norm2 + feedForward + norm + angles + head
    }

    private func check(_ found: Int, _ path: String) throws(ModelFileError) {
        var expected = byteCount
        for tensor in tensors {
            if let groupSize, tensor.shape.rank == 2 {
                guard groupSize > 0, tensor.shape.elementCount % groupSize == 0 else {
                    throw .invalidField(
                        file: path, field: "group_size",
                        expected: "a divisor of \(tensor.shape.elementCount), a matrix's numbers",
                        found: "\(groupSize)")
                }
            }
            let (sum, overflow) = expected.addingReportingOverflow(byteCount(of: tensor.shape))
            guard !overflow else {
                throw .invalidField(
                    file: path, field: "the header", expected: "sizes that fit", found: "an overflow")
            }
            expected = sum
        }
        guard expected == found else {
            throw .invalidField(
                file: path, field: "the file's size", expected: "\(expected) bytes, as the header says",
                found: "\(found)")
        }
    }

    /// The sizes under GGUF's names.
    var metadata: [(key: String, value: GGUFValue)] {
        func number(_ key: String, _ value: Int) -> (key: String, value: GGUFValue) {
            ("llama.\(key)", .uint32(UInt32(value)))
        }
        return [
            (GGUFKey.architecture, .string("llama")), number("block_count", layers),
            number("context_length", positions), number("embedding_length", width),
            number("feed_forward_length", inner), number("attention.head_count", heads),
            number("attention.head_count_kv", keyValueHeads), number("vocab_size", vocabulary),
            number("rope.dimension_count", width / heads), ("llama.rope.freq_base", .float32(10_000)),
            ("llama.attention.layer_norm_rms_epsilon", .float32(1e-5)),
        ]
    }
}
