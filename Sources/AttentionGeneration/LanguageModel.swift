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
    /// The folder's or file's own name.
    public let name: String
    /// The path of the folder or the file.
    public let path: String
    private let optionalTokenizer: Result<Tokenizer, TokenizerError>
    /// The model itself, from tokens to logits.
    public let decoder: DecoderTransformer
    /// The tokens that end a text.
    public let endTokens: Set<Int>

    /// The tokenizer, which makes tokens of text and text of tokens.
    ///
    /// - Throws: `TokenizerError.noTokenizerFile(folder:)`, or for a GGUF file
    ///   `TokenizerError.noVocabulary(file:)`, for a model without one, which works with tokens
    ///   all the same.
    public var tokenizer: Tokenizer { get throws(TokenizerError) { try optionalTokenizer.get() } }
    /// Whether `path` leads to a GGUF file of no encoder, or to a folder whose `config.json` describes a
    /// decoder.
    public static func isOne(at path: String) -> Bool {
        struct Fields: Decodable {
            let modelType: String

            private enum CodingKeys: String, CodingKey {
                case modelType = "model_type"
            }
        }
        if GGUFFile.isOne(at: path) { return !EncoderTransformer.isGGUF(at: path) }
        guard let fields = try? ModelFolder(path: path).decode(Fields.self) else { return false }
        return ModelRegistry.family(modelType: fields.modelType)?.kind == .decoder
    }

    /// Loads a model folder as the Hugging Face hub has it, or a GGUF file. Weights in 16 bits stay in the
    /// mapped file.
    ///
    /// - Throws: `ModelFileError`, `SafetensorsError`, `GGUFError`, `TokenizerError` or `TensorError`, each
    ///   naming the file at fault.
    public init(path: String) throws {
        if GGUFFile.isOne(at: path) {
            try self.init(gguf: GGUFFile(path: path))
        } else {
            try self.init(folder: ModelFolder(path: path))
        }
    }

    /// - Throws: As ``init(path:)``.
    public init(folder: ModelFolder) throws {
        let description = try folder.description(.decoder)
        try self.init(
            path: folder.path, tokenizer: Tokenizer.ifAny { try Tokenizer(path: folder.path) },
            decoder: DecoderTransformer(description, from: folder.weights()),
            endTokens: EndTokens(folder: folder).ids)
    }

    /// - Throws: As ``init(path:)``.
    public init(gguf file: GGUFFile) throws {
        if file.tensorNames.isEmpty, file.metadata["split.count"] == nil {
            throw ModelFileError.invalidField(
                file: file.path, field: "tensors", expected: "a model's weights",
                found: "none: the file holds a vocabulary only")
        }
        let description = try file.description(.decoder)
        try self.init(
            path: file.path, tokenizer: Tokenizer.ifAny { try Tokenizer(gguf: file) },
            decoder: DecoderTransformer(description, from: file), endTokens: EndTokens(gguf: file).ids)
    }

    private init(
        path: String, tokenizer: Result<Tokenizer, TokenizerError>, decoder: DecoderTransformer,
        endTokens: Set<Int>
    ) throws {
        name = lastName(of: path)
        self.path = path
        optionalTokenizer = tokenizer
        self.decoder = decoder
        self.endTokens = endTokens
        let vocabulary = decoder.configuration.vocabulary
        // Tokens that are added behind the model's vocabulary, such as one for padding, need no row.
        if let size = try? tokenizer.get().baseVocabularySize, size > vocabulary {
            throw ModelFileError.invalidField(
                file: path, field: "the model's vocabulary",
                expected: "at least the tokenizer's \(size)", found: "\(vocabulary)")
        }
    }
}

/// The tokens that end a text according to a model's files.
private struct EndTokens {
    var ids: Set<Int> = []

    private struct Fields: Decodable {
        let eosTokenId: OneOrMore<Int>?

        private enum CodingKeys: String, CodingKey {
            case eosTokenId = "eos_token_id"
        }
    }

    /// `eos_token_id` of `generation_config.json` and of `config.json`: a number, or several.
    init(folder: ModelFolder) throws {
        for name in ["generation_config.json", "config.json"] where folder.path(ofFile: name) != nil {
            ids.formUnion(try folder.decode(Fields.self, from: name).eosTokenId?.values ?? [])
        }
    }

    /// The end of a text, of a turn and of a message.
    init(gguf file: GGUFFile) throws {
        for name in ["eos", "eot", "eom"] {
            if let id = try file.integer("tokenizer.ggml.\(name)_token_id") { ids.insert(id) }
        }
    }
}
