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

    /// Loads everything that the folder describes. `modules.json` says how sentence-transformers models pool
    /// and normalise; a plain encoder without it is pooled by its mean and not normalised.
    ///
    /// - Throws: `ModelFileError`, `SafetensorsError`, `TokenizerError` or `TensorError`, each naming the
    /// file at   fault.
    public init(folder: ModelFolder) throws {
        let description = try folder.description(EncoderTransformer.Description.self)
        let sentence = try SentenceConfiguration(folder)
        name = lastName(of: folder.path)
        tokenizer = try Tokenizer(contentsOf: URL(fileURLWithPath: folder.path))
        encoder = try EncoderTransformer(description, from: folder.weights())
        pooling = sentence.pooling
        normalizes = sentence.normalizes
        let longest = description.configuration.longestSequence
        maximumLength = min(sentence.maximumLength ?? tokenizer.modelMaxLength ?? longest, longest)
        if tokenizer.vocabularySize > description.configuration.vocabulary {
            throw ModelFileError.invalidField(
                file: "\(folder.path)/config.json", field: "vocab_size",
                expected: "at least the tokenizer's \(tokenizer.vocabularySize)",
                found: "\(description.configuration.vocabulary)")
        }
    }

    /// The tokens of a text, or of a pair of texts, as the model gets them: with special tokens, cut to
    /// ``maximumLength``.
    ///
    /// - Throws: `TokenizerError`.
    public func tokenize(_ text: String, pair: String? = nil) throws -> Encoding {
        try tokenizer.encode(text, pair: pair, maxLength: maximumLength)
    }

    /// How many tokens a text, or a pair of texts, has with special ones before anything is cut. More than
    /// ``maximumLength`` means that the model does not read all of it.
    ///
    /// - Throws: `TokenizerError`.
    public func tokenCount(_ text: String, pair: String? = nil) throws -> Int {
        try tokenizer.encode(text, pair: pair).count
    }

    /// The vectors of `texts`, in their order.
    ///
    /// - Parameters:
    ///   - texts: Any texts; one that is too long is cut at its end.
    ///   - progress: Is told, from time to time, how many texts are done.
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
            let embedded = try pooled(encoder(batch), ranges: batch.ranges)
            for (vector, index) in zip(embedded, group) { vectors[index] = vector }
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

    /// The vector that the hidden states of one text become, the same to the bit as from
    /// ``embed(tokens:progress:)``.
    ///
    /// - Parameter hidden: `[tokens, M]`, from ``hiddenStates(tokens:)``.
    /// - Throws: `TensorError.shapeMismatch`.
    public func embedding(hiddenStates hidden: Tensor) throws(TensorError) -> [Float] {
        guard hidden.rank == 2, hidden.shape[1] == width else {
            throw .shapeMismatch(tensor: "hidden states", expected: "[tokens, \(width)]", found: hidden.shape)
        }
        return try pooled(hidden, ranges: [0..<hidden.shape[0]])[0]
    }

    private func pooled(_ hidden: Tensor, ranges: [Range<Int>]) throws(TensorError) -> [[Float]] {
        var vectors = try pooling(hidden, ranges: ranges)
        if normalizes { vectors = try vectors.normalized() }
        return ranges.indices.map { vectors.selecting(axis: 0, $0).scalars }
    }

    /// Sequences that are computed together, in the order given. Batching saves memory traffic for weights;
    /// beyond a thousand tokens it saves nothing more, and the activations leave the cache.
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
}
