import AttentionFiles
import AttentionModels
import AttentionTensors
import AttentionTokenizers
import Foundation

/// Turns texts into vectors whose cosine says how alike their meanings are (sentence embeddings,
/// arXiv:1908.10084): tokenizer, encoder, pooling and normalisation of one model folder.
///
/// ```swift
/// let embedder = try TextEmbedder(folder: ModelLocator().locate("all-MiniLM-L6-v2"))
/// let vectors = try embedder.embed(["The weather is lovely today.", "It's so sunny outside!"])
/// ```
///
/// A text's vector is the same to the bit alone and among others.
public struct TextEmbedder: Sendable {
    /// The model folder's own name.
    public let name: String
    public let tokenizer: Tokenizer
    public let encoder: EncoderTransformer
    /// How token vectors become one.
    public let pooling: Pooling
    /// Whether vectors are scaled to length 1.
    public let normalizes: Bool
    /// The greatest number of tokens of a text, special ones included; what is longer is cut at its end.
    public let maximumLength: Int

    /// M
    public var width: Int { encoder.configuration.width }

    /// Loads everything that the folder describes. `modules.json` says how sentence-transformers models pool and
    /// normalise; a plain encoder without it is pooled by its mean and not normalised.
    ///
    /// - Throws: `ModelFileError`, `SafetensorsError`, `TokenizerError`, `ModelConfigurationError` or
    ///   `TensorError`, each naming the file at fault.
    public init(folder: ModelFolder) throws {
        let description = try folder.decode(EncoderTransformer.Description.self)
        let sentence = try SentenceConfiguration(folder)
        name = folder.path.split(separator: "/").last.map(String.init) ?? folder.path
        tokenizer = try Tokenizer(contentsOf: URL(fileURLWithPath: folder.path))
        encoder = try EncoderTransformer(description, from: folder.weights())
        pooling = sentence.pooling
        normalizes = sentence.normalizes
        let longest = description.configuration.longestSequence
        maximumLength = min(sentence.maximumLength ?? tokenizer.modelMaxLength ?? longest, longest)
        if tokenizer.vocabularySize > description.configuration.vocabulary {
            throw ModelConfigurationError.unsupported(
                field: "vocab_size", value: "\(description.configuration.vocabulary)",
                supported: "at least the tokenizer's \(tokenizer.vocabularySize)")
        }
    }

    /// The tokens of `text` as the model gets them: with special tokens, cut to ``maximumLength``.
    ///
    /// - Throws: `TokenizerError`.
    public func tokenize(_ text: String) throws -> Encoding {
        try tokenizer.encode(text, maxLength: maximumLength)
    }

    /// The vectors of `texts`, in their order.
    ///
    /// - Parameter progress: Is told, from time to time, how many texts are done.
    /// - Returns: A vector of ``width`` numbers for each text.
    /// - Throws: `TokenizerError`; `TensorError`.
    public func embed(_ texts: [String], progress: ((Int) -> Void)? = nil) throws -> [[Float]] {
        try embed(tokens: texts.map { try tokenize($0).ids }, progress: progress)
    }

    /// The vectors of texts that are token ids already, taken as they are.
    ///
    /// - Throws: `TensorError.invalidArgument` for an id that the model does not have, or for a text that is
    ///   longer than its table of positions.
    public func embed(tokens sequences: [[Int]], progress: ((Int) -> Void)? = nil) throws -> [[Float]] {
        var vectors = [[Float]](repeating: [], count: sequences.count)
        var done = 0
        for group in Self.groups(of: sequences.map(\.count)) {
            let batch = try TokenBatch(group.map { sequences[$0] })
            let pooled = pooling(try encoder(batch), ranges: batch.ranges)
            for (row, index) in group.enumerated() {
                let vector = pooled.selecting(axis: 0, row).scalars
                vectors[index] = normalizes ? Self.normalized(vector) : vector
            }
            done += group.count
            progress?(done)
        }
        return vectors
    }

    /// The last hidden states of one text, `[tokens, M]`, before pooling.
    ///
    /// - Throws: as ``embed(tokens:progress:)``.
    public func hiddenStates(tokens: [Int]) throws -> Tensor {
        try encoder(TokenBatch([tokens]))
    }

    /// Sequences that are computed together, in the order given. Batching saves memory traffic for weights; beyond a
    /// thousand tokens it saves nothing more, and the activations leave the cache.
    static func groups(of lengths: [Int]) -> [[Int]] {
        var groups: [[Int]] = []
        var group: [Int] = []
        var tokens = 0
        for (index, length) in lengths.enumerated() {
            if tokens + length > tokensInBatch, !group.isEmpty {
                groups.append(group)
                (group, tokens) = ([], 0)
            }
            group.append(index)
            tokens += length
        }
        return group.isEmpty ? groups : groups + [group]
    }

    private static let tokensInBatch = 1024

    /// The vector divided by its length, or by 10⁻¹² if that is greater (as PyTorch's `normalize`).
    static func normalized(_ vector: [Float]) -> [Float] {
        let length = vector.reduce(into: Float(0)) { $0 += $1 * $1 }.squareRoot()
        return vector.map { $0 / max(length, 1e-12) }
    }
}
