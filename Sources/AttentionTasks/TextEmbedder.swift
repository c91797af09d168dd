import AttentionFiles
import AttentionJSON
import AttentionModels
import AttentionTensors
import AttentionTokenizers
import Foundation

/// Turns texts into vectors whose cosine says how alike their meanings are (sentence embeddings,
/// arXiv:1908.10084): tokenizer, encoder, pooling and what follows it in one model folder or GGUF file.
///
/// ```swift
/// let embedder = try TextEmbedder(ModelLocator().locate("all-MiniLM-L6-v2"))
/// let vectors = try embedder.embed(["The weather is lovely today.", "It's so sunny outside!"])
/// ```
///
/// A text's vector is the same to the bit alone and among others.
public struct TextEmbedder: Sendable {
    /// The folder or the GGUF file that the model was read from.
    public let file: ModelFile
    /// The model itself, from tokens to hidden states.
    public let encoder: EncoderTransformer
    /// The greatest number of tokens of a text, special ones included; what is longer is cut at its end.
    public let maximumLength: Int
    /// The comparison of vectors that the model's files name.
    public let similarity: Similarity
    /// Notes on settings in the model's files that are not followed, a sentence for each.
    public let notes: [String]
    private let optionalTokenizer: Result<Tokenizer, TokenizerError>
    private let pipeline: SentencePipeline
    private let prompts: SentencePrompts
    /// The greatest numbers of tokens where a query or a document is meant; nil: ``maximumLength``.
    let queryLength, documentLength: Int?

    /// The folder's or file's own name.
    public var name: String { file.name }

    /// The model's tokenizer.
    ///
    /// - Throws: `TokenizerError.noTokenizerFile(folder:)` for a model without one, which works with tokens
    ///   all the same.
    public var tokenizer: Tokenizer { get throws(TokenizerError) { try optionalTokenizer.get() } }

    /// The numbers of a vector: M, unless a module after the encoder changes it.
    public var width: Int { pipeline.width }

    /// The prompts that the model has by their names, such as `query`, each with its text, which may be
    /// empty.
    public var promptTexts: [(name: String, text: String)] {
        prompts.prompts.map { (name: $0.name.string, text: $0.text) }
    }

    /// Loads a model folder, or a GGUF file.
    ///
    /// A sentence-transformers folder lists its modules in `modules.json`; a plain encoder without it is
    /// pooled by its mean and not normalised. A GGUF file says how it is pooled; vectors are scaled to length
    /// 1.
    ///
    /// - Throws: `ModelFileError`, `SafetensorsError`, `GGUFError`, `TokenizerError` or `TensorError`, each
    ///   naming the file at fault.
    public init(path: String) throws { try self.init(ModelFile(path: path)) }

    /// Loads an encoder from a file that is open.
    ///
    /// - Throws: As ``init(path:)``.
    public init(_ file: ModelFile) throws {
        self.file = file
        var sentence = try SentenceConfiguration(file)
        let settings = sentence.transformer
        let description = try ModelDescription(sentence.encoder, expecting: .encoder)
        optionalTokenizer = try Tokenizer.ifAny { [encoder = sentence.encoder] in
            let tokenizer = try Tokenizer(encoder)
            return settings.lowercases ? try tokenizer.lowercasing() : tokenizer
        }
        pipeline = try sentence.pipeline(width: description.configuration.width)
        encoder = try EncoderTransformer(description, from: sentence.encoder.weights())
        (prompts, notes, similarity) = (sentence.prompts, sentence.notes, sentence.prompts.similarity)
        (queryLength, documentLength) = (settings.queryLength, settings.documentLength)
        let loaded = try? optionalTokenizer.get()
        let longest = encoder.configuration.longestSequence
        maximumLength = min(settings.maximumLength ?? loaded?.modelMaxLength ?? longest, longest)
        if let tokens = loaded?.baseVocabularySize {
            try sentence.encoder.check(
                vocabulary: encoder.configuration.vocabulary, holdsTokens: tokens)
        }
    }

    // MARK: Tokens

    /// The tokens of a text, or of a pair of texts, as the model gets them: behind the prompt, with special
    /// tokens, cut to ``maximumLength``.
    ///
    /// - Throws: `TokenizerError`; `GenerationError` for a prompt that the model does not have.
    public func tokenize(
        _ text: String, pair: String? = nil, prompt: SentencePrompt = .standard
    ) throws -> Encoding {
        try tokenize(text, pair: pair, prompt: prompt, maximumLength: maximumLength)
    }

    func tokenize(
        _ text: String, pair: String? = nil, prompt: SentencePrompt, maximumLength: Int
    ) throws -> Encoding {
        try tokenizer.encode(prompts.text(of: prompt) + text, pair: pair, maxLength: maximumLength)
    }

    /// The number of tokens of a text, or of a pair of texts, with its prompt and special tokens before
    /// anything is cut. The model does not read all of a text that has more than ``maximumLength``.
    ///
    /// - Throws: As ``tokenize(_:pair:prompt:)``.
    public func tokenCount(
        _ text: String, pair: String? = nil, prompt: SentencePrompt = .standard
    ) throws -> Int {
        try tokenizer.encode(prompts.text(of: prompt) + text, pair: pair).count
    }

    /// The number of tokens at the beginning of each text that the prompt makes and that the model's pooling
    /// leaves out (`include_prompt` is false); 0 for most models.
    ///
    /// - Throws: As ``tokenize(_:pair:prompt:)``.
    public func skippedTokenCount(prompt: SentencePrompt = .standard) throws -> Int {
        guard pipeline.leavesOutPrompt else { return 0 }
        let text = try prompts.text(of: prompt)
        guard !text.isEmpty else { return 0 }
        let tokenizer = try tokenizer
        let ids = try tokenizer.encode(text, maxLength: maximumLength).ids
        // The special token at the end belongs to the text.
        let endsInSpecial = tokenizer.addedTokens.contains { $0.isSpecial && $0.id == ids.last }
        return endsInSpecial ? ids.count - 1 : ids.count
    }

    // MARK: Vectors

    /// The vectors of `texts`, in their order.
    ///
    /// - Parameters:
    ///   - texts: Any texts; one that is too long is cut at its end.
    ///   - prompt: What stands before each of them.
    ///   - progress: Is told, from time to time, how many texts are done.
    /// - Returns: A vector of ``width`` numbers for each text.
    /// - Throws: As ``tokenize(_:pair:prompt:)``; `TensorError`.
    public func embed(
        _ texts: [String], prompt: SentencePrompt = .standard, progress: ((Int) -> Void)? = nil
    ) throws -> [[Float]] {
        try embed(
            tokens: texts.map { try tokenize($0, prompt: prompt).ids },
            skipping: skippedTokenCount(prompt: prompt), progress: progress)
    }

    /// The vectors of texts that are token ids already, taken as they are. No tokenizer is needed.
    ///
    /// - Parameters:
    ///   - sequences: The ids of each text.
    ///   - skipped: The number of tokens at the beginning of each text that the pooling leaves out where the
    ///     model says so, from ``skippedTokenCount(prompt:)``.
    ///   - progress: Is told, from time to time, how many texts are done.
    /// - Throws: `TensorError.invalidArgument` for an id that the model does not have, or for a text that is
    ///   longer than its table of positions.
    public func embed(
        tokens sequences: [[Int]], skipping skipped: Int = 0, progress: ((Int) -> Void)? = nil
    ) throws -> [[Float]] {
        var vectors = [[Float]](repeating: [], count: sequences.count)
        var done = 0
        for group in Self.groups(of: sequences.map(\.count)) {
            let batch = try SequenceBatch(group.map { sequences[$0] })
            let embedded = try pooled(encoder(batch), ranges: batch.ranges, skipping: skipped)
            for (vector, index) in zip(embedded, group) { vectors[index] = vector }
            done += group.count
            progress?(done)
        }
        return vectors
    }

    /// The encoder's last hidden states of one text, `[tokens, M]`, before pooling.
    ///
    /// - Throws: As ``embed(tokens:skipping:progress:)``.
    public func hiddenStates(tokens: [Int]) throws -> Tensor {
        try encoder(SequenceBatch([tokens]))
    }

    /// The vector that the hidden states of one text become, the same to the bit as from
    /// ``embed(tokens:skipping:progress:)``.
    ///
    /// - Parameters:
    ///   - hidden: `[tokens, M]`, from ``hiddenStates(tokens:)``.
    ///   - skipped: As in ``embed(tokens:skipping:progress:)``.
    /// - Throws: `TensorError.shapeMismatch`.
    public func embedding(
        hiddenStates hidden: Tensor, skipping skipped: Int = 0
    ) throws(TensorError) -> [Float] {
        let width = encoder.configuration.width
        guard hidden.rank == 2, hidden.shape[1] == width else {
            throw .shapeMismatch(tensor: "hidden states", expected: "[tokens, \(width)]", found: hidden.shape)
        }
        return try pooled(hidden, ranges: [0..<hidden.shape[0]], skipping: skipped)[0]
    }

    private func pooled(
        _ hidden: Tensor, ranges: [Range<Int>], skipping skipped: Int
    ) throws(TensorError) -> [[Float]] {
        let vectors = try pipeline(hidden, ranges: ranges, promptLength: skipped)
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
