import Attention
import AttentionJSON
import AttentionTensors

/// A sequence of a ``DecoderCache`` as it is written to a file: tensors, and what they belong to.
///
/// A safetensors file holds both. What is read back is checked: that it is this model's, in this layout,
/// undamaged, and that it holds the tokens that the reader thinks it holds.
public struct SavedSequence: Sendable {
    /// What the cache holds.
    public let tensors: [StoredTensor]
    /// What describes it.
    public let metadata: [String: String]

    static let format = "swift-attention key/value cache 1"

    package init(tensors: [StoredTensor], metadata: [String: String]) {
        self.tensors = tensors
        self.metadata = metadata
    }
}

extension DecoderCache {
    /// Everything that the cache holds, in its own storage: nothing is rounded on the way.
    ///
    /// - Parameters:
    ///   - tokens: The tokens that were read, all of them.
    ///   - model: The model's checksum, as from ``fingerprint(of:)``.
    /// - Throws: `KeyValueCacheError`, `TensorError`.
    public func save(tokens: [Int], model: String) throws -> SavedSequence {
        guard tokens.count == length, tokens.allSatisfy({ Int32(exactly: $0) ?? -1 >= 0 }) else {
            throw TensorError.invalidArgument(
                "\(tokens.count) tokens for a cache that has read \(length)")
        }
        let first = try layers.map { try $0.keptPositions(of: 0).lowerBound }
        var tensors = [try StoredTensor(name: "tokens", tokens), try StoredTensor(name: "first", first)]
        for (index, layer) in layers.enumerated() {
            tensors += try layer.storedTensors(of: 0, prefix: "layers.\(index).")
        }
        let metadata = [  // exact-text: the names are those below
            "format": SavedSequence.format, "model": model,
            "storage": layers.first?.layout.storage.rawValue ?? "", "layers": "\(layers.count)",
            "rotary": rotaryMark, "checksum": Checksum(tensors).text,
        ]
        return SavedSequence(tensors: tensors, metadata: metadata)
    }

    /// Replaces the cache's contents by a saved sequence, and returns the tokens that it has read.
    ///
    /// - Parameters:
    ///   - source: The file's tensors.
    ///   - metadata: The file's metadata.
    ///   - model: The model's checksum when the cache was saved.
    ///   - conversation: The tokens that the caller is about to continue: those that were saved must be their
    ///     beginning. nil: whatever was saved.
    /// - Throws: `KeyValueCacheError.cannotRestore` for a file of another kind, model, layout or
    ///   conversation, or a damaged one; the source's own errors. Then nothing has changed.
    public mutating func restore(
        from source: any WeightSource, metadata: [String: String], model: String,
        conversation: [Int]? = nil
    ) throws -> [Int] {
        let saved = SavedReader(source: source, metadata: [ExactString: String](metadata))
        try saved.require("format", SavedSequence.format)
        try saved.require("model", model)
        try saved.require("storage", layers.first?.layout.storage.rawValue ?? "")
        try saved.require("layers", "\(layers.count)")
        let tokens = try saved.integers("tokens")
        if let conversation { try saved.check(tokens, begin: conversation) }
        let first = try saved.integers("first", count: layers.count)
        var restored = layers
        for index in restored.indices {
            guard first[index] <= tokens.count else {
                throw saved.refusal(
                    "first position of layer \(index)", "at most \(tokens.count)", "\(first[index])")
            }
            try restored[index].restore(
                0, positions: first[index]..<tokens.count, from: source, prefix: "layers.\(index).")
        }
        try saved.require("rotary", rotaryMark)
        // In the order in which it was taken when it was written.
        let names =
            ["tokens", "first"] + layers.indices.flatMap { ["layers.\($0).keys", "layers.\($0).values"] }
        try saved.require(
            "checksum", Checksum(try names.compactMap { try source.storedTensor(named: $0) }).text)
        layers = restored
        return tokens
    }

    /// A checksum of the rotary settings. Short and long texts have different ones in some models.
    private var rotaryMark: String {
        guard let rotary else { return "none" }
        var checksum = Checksum()
        for kind in rotary.kinds { checksum.add("\(Float(kind.base))", "\(kind.scaling)") }
        return checksum.text
    }

    /// A checksum of the names, types and shapes of all weights, and of samples of their bytes. It
    /// distinguishes models, but does not protect against models that are made to look alike.
    ///
    /// - Throws: The source's errors.
    public static func fingerprint(of weights: any WeightSource) throws -> String {
        var checksum = Checksum()
        for name in weights.tensorNames.sortedExactly() {
            guard let tensor = try weights.storedTensor(named: name) else { continue }
            checksum.add(name, tensor.elementType.rawValue, "\(tensor.shape)")
            tensor.withUnsafeBytes { bytes in
                let sample = 256
                for place in [0, bytes.count / 2, max(bytes.count - sample, 0)] {
                    checksum.add(
                        UnsafeRawBufferPointer(rebasing: bytes[place..<min(place + sample, bytes.count)]))
                }
            }
        }
        return checksum.text
    }
}

/// A saved sequence from an untrusted file.
private struct SavedReader {
    let source: any WeightSource
    let metadata: [ExactString: String]

    func refusal(_ field: String, _ expected: String, _ found: String) -> KeyValueCacheError {
        .cannotRestore(source: source.label, field: field, expected: expected, found: found)
    }

    func require(_ field: String, _ expected: String) throws(KeyValueCacheError) {
        let found = metadata[ExactString(field)]
        guard found.map({ ExactString($0) }) == ExactString(expected) else {
            throw refusal(field, "'\(expected)'", found.map { "'\($0.prefix(80))'" } ?? "absent")
        }
    }

    /// The tokens that were saved are those that the conversation begins with.
    func check(_ tokens: [Int], begin conversation: [Int]) throws(KeyValueCacheError) {
        let common = zip(tokens, conversation).prefix { $0 == $1 }.count
        guard common == tokens.count else {
            throw refusal(
                "tokens", "the beginning of the conversation",
                common == conversation.count
                    ? "\(tokens.count) tokens, more than its \(conversation.count)"
                    : "those of another one: they differ at position \(common)")
        }
    }

    /// Integers that are not negative.
    func integers(_ name: String, count: Int? = nil) throws -> [Int] {
        guard let tensor = try source.storedTensor(named: name) else {
            throw TensorError.missingTensor(name: name, source: source.label)
        }
        guard tensor.elementType == .int32, tensor.shape.rank == 1,
            count ?? tensor.shape[0] == tensor.shape[0]
        else {
            throw refusal(
                "tensor '\(name)'", "int32 [\(count.map { "\($0)" } ?? "N")]",
                "\(tensor.elementType.rawValue) \(tensor.shape)")
        }
        let numbers = tensor.withUnsafeBytes { bytes in
            (0..<tensor.shape[0]).map {
                Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)))
            }
        }
        if let bad = numbers.first(where: { $0 < 0 }) {
            throw refusal("tensor '\(name)'", "0 or more", "\(bad)")
        }
        return numbers
    }
}

extension StoredTensor {
    /// Integers that fit 32 bits, `[count]`.
    fileprivate init(name: String, _ integers: [Int]) throws {
        let bytes = integers.flatMap { Swift.withUnsafeBytes(of: Int32($0).littleEndian) { Array($0) } }
        try self.init(name: name, elementType: .int32, shape: [integers.count], bytes: bytes)
    }
}

/// 64 bits that tell damaged or exchanged bytes from others; not a cryptographic hash.
private struct Checksum {
    private var state: UInt64 = 0x243F_6A88_85A3_08D3

    init() {}

    init(_ tensors: [StoredTensor]) {
        for tensor in tensors {
            add(tensor.name, tensor.elementType.rawValue, "\(tensor.shape)")
            tensor.withUnsafeBytes { add($0) }
        }
    }

    var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
        state ^= state >> 29
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(UInt64(bytes.count))
        let words = bytes.count / 8
        for index in 0..<words {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)))
        }
        for index in 8 * words..<bytes.count { add(UInt64(bytes[index])) }
    }

    mutating func add(_ texts: String...) {
        for text in texts {
            var text = text
            text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
        }
    }
}
