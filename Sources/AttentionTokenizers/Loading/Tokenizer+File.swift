import AttentionFiles
import AttentionJSON
import Foundation

extension Tokenizer {
    /// Loads a tokenizer from whatever holds one: a model's folder, a `tokenizer.json`, a `tokenizer.model`
    /// (SentencePiece), a `vocab.txt` (BERT), or a GGUF file, which need not have tensors.
    ///
    /// In a folder the first of these that is there is read, and then `vocab.json` with `merges.txt` (GPT-2,
    /// RoBERTa, Qwen 2). Further tokens and settings are read from the files beside it:
    /// `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`, in the reference library's
    /// order of precedence. They also say what a file other than `tokenizer.json` leaves open, such as how
    /// text is normalised and which tokens go around it. A setting that would change ids in a way that is not
    /// implemented is an error.
    ///
    /// - Throws: ``TokenizerError``, which names the file and the field; for a folder that cannot be opened
    ///   `ModelFileError`; for GGUF files also `GGUFError`.
    public init(path: String) throws {
        if ModelFile.isOne(at: path) {
            try self.init(ModelFile(path: path))
        } else {
            try self.init(contentsOf: URL(fileURLWithPath: path))
        }
    }

    /// The tokenizer of a model.
    ///
    /// - Throws: ``TokenizerError``: ``TokenizerError/noTokenizerFile(folder:)`` or
    ///   ``TokenizerError/noVocabulary(file:)`` for a model without one; `GGUFError` where a value of a GGUF
    ///   file has the wrong type or is absent.
    public init(_ file: ModelFile) throws {
        switch file.container {
        case .folder(let folder): try self.init(contentsOf: URL(fileURLWithPath: folder.path))
        case .gguf(let file): try self.init(gguf: file)
        }
    }

    /// The tokenizer that `load` gives, or the error that the model has none, which then works with tokens
    /// all the same.
    package static func ifAny(_ load: () throws -> Tokenizer) throws -> Result<Tokenizer, TokenizerError> {
        do {
            return .success(try load())
        } catch let error as TokenizerError {
            switch error {
            case .noTokenizerFile, .noVocabulary: return .failure(error)
            default: throw error
            }
        }
    }

    /// The special tokens that a model's files name, under the names that settings and templates have for
    /// them, such as `bos_token`.
    ///
    /// - Throws: ``TokenizerError``; `GGUFError`.
    package static func namedTokens(of file: ModelFile) throws -> [String: String] {
        switch file.container {
        case .folder(let folder): try namedTokens(folder: URL(fileURLWithPath: folder.path))
        case .gguf(let file): try namedTokens(gguf: file)
        }
    }

    private static func namedTokens(folder: URL) throws(TokenizerError) -> [String: String] {
        // The other files number tokens, and name none.
        let settings = try TokenSettings(
            config: json("tokenizer_config.json", in: folder),
            specialTokens: json("special_tokens_map.json", in: folder), addedTokens: nil, file: nil)
        return named(settings.named.mapValues(\.content.string))
    }

    private static func namedTokens(gguf file: GGUFFile) throws(GGUFError) -> [String: String] {
        var tokens: [NamedToken: String] = [:]
        let pieces = try file.strings(GGUFKey.Tokenizer.tokens.name) ?? []
        let roles: [(NamedToken, GGUFKey.Tokenizer)] = [
            (.begin, .beginID), (.end, .endID), (.unknown, .unknownID), (.padding, .paddingID),
        ]
        for (role, key) in roles {
            guard let id = try file.integer(key.name), pieces.indices.contains(id) else { continue }
            tokens[role] = pieces[id]
        }
        return named(tokens)
    }

    private static func named(_ tokens: [NamedToken: String]) -> [String: String] {
        var named: [String: String] = [:]
        // exact-text: the keys are those of `NamedToken`
        for (role, token) in tokens { named[role.key] = token }
        return named
    }
}
