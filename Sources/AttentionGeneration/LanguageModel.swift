import AttentionFiles
import AttentionJSON
import AttentionModels
import AttentionTensors
import AttentionTokenizers

/// A decoder with its tokenizer, which continues text.
///
/// ```swift
/// let model = try LanguageModel(path: "Qwen3-0.6B-Q8_0.gguf")
/// var cache = try model.decoder.makeCache(capacity: 1024)
/// let ids = try model.tokenizer.encode("Once upon a time").ids
/// let logits = try model.decoder([ids], cache: &cache)          // [1, V]
/// ```
public struct LanguageModel: Sendable {
    /// The folder or the GGUF file that the model was read from.
    public let file: ModelFile
    private let optionalTokenizer: Result<Tokenizer, TokenizerError>
    /// The model itself, from tokens to logits.
    public let decoder: DecoderTransformer
    /// The tokens that end a text.
    public let endTokens: Set<Int>

    /// The folder's or file's own name.
    public var name: String { file.name }
    /// The path of the folder or the file.
    public var path: String { file.path }

    /// The tokenizer, which makes tokens of text and text of tokens.
    ///
    /// - Throws: `TokenizerError.noTokenizerFile(folder:)`, or for a GGUF file
    ///   `TokenizerError.noVocabulary(file:)`, for a model without one, which works with tokens
    ///   all the same.
    public var tokenizer: Tokenizer { get throws(TokenizerError) { try optionalTokenizer.get() } }

    /// Loads a model folder as the Hugging Face hub has it, or a GGUF file. Weights in 16 bits stay in the
    /// mapped file.
    ///
    /// - Throws: `ModelFileError`, `SafetensorsError`, `GGUFError`, `TokenizerError` or `TensorError`, each
    ///   naming the file at fault.
    public init(path: String) throws { try self.init(ModelFile(path: path)) }

    /// Loads a model from a file that is open.
    ///
    /// - Throws: As ``init(path:)``.
    public init(_ file: ModelFile) throws {
        self.file = file
        let description = try ModelDescription(file, expecting: .decoder)
        optionalTokenizer = try Tokenizer.ifAny { try Tokenizer(file) }
        decoder = try DecoderTransformer(description, from: file.weights())
        endTokens = try file.endTokens()
        if let tokens = try? optionalTokenizer.get().baseVocabularySize {
            try file.check(vocabulary: decoder.configuration.vocabulary, holdsTokens: tokens)
        }
    }
}
