import AttentionFiles
import AttentionJSON
import Foundation

extension Tokenizer {
    /// Loads a tokenizer from whatever holds one: a model folder, a `tokenizer.json`, a `tokenizer.model`, a
    /// `vocab.txt`, or a GGUF file, which need not have tensors.
    ///
    /// - Throws: `TokenizerError`; for GGUF files also `ModelFileError` and `GGUFError`.
    public init(path: String) throws {
        if GGUFFile.isOne(at: path) {
            try self.init(gguf: GGUFFile(path: path))
        } else {
            try self.init(contentsOf: URL(fileURLWithPath: path))
        }
    }

    /// The tokenizer that a GGUF file holds, as llama.cpp reads it.
    ///
    /// - Throws: `TokenizerError.noVocabulary(file:)` for a file without a tokenizer; `GGUFError` where a
    ///   value has the wrong type or is absent; another `TokenizerError` for a value that makes no sense or
    ///   is not implemented.
    public init(gguf file: GGUFFile) throws {
        // Converters write "no_vocab" where there was no tokenizer.
        let model = try file.string("tokenizer.ggml.model").map { ExactString($0) }
        if model == "no_vocab" || model == nil && file.metadata["tokenizer.ggml.tokens"] == nil {
            throw TokenizerError.noVocabulary(file: file.path)
        }
        try self.init(TokenizerDescription(gguf: file), name: file.path)
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
}

extension TokenizerDescription {
    /// Reads the keys `tokenizer.ggml.…` of a file.
    fileprivate init(gguf file: GGUFFile) throws(GGUFError) {
        func key(_ name: String) -> String { "tokenizer.ggml.\(name)" }
        guard let model = try file.string(key("model")) else {
            throw file.missing(key("model"), expected: "the kind of the tokenizer")
        }
        guard let tokens = try file.strings(key("tokens")) else {
            throw file.missing(key("tokens"), expected: "the tokenizer's tokens")
        }
        self.init(model: model, tokens: tokens)
        preTokenizer = try file.string(key("pre"))
        scores = try file.floats(key("scores"))
        kinds = try file.integers(key("token_type"))
        merges = try file.strings(key("merges"))
        characterMap = try file.integers(key("precompiled_charsmap"))?.map { UInt8(truncatingIfNeeded: $0) }
        beginID = try file.integer(key("bos_token_id"))
        endID = try file.integer(key("eos_token_id"))
        unknownID = try file.integer(key("unknown_token_id"))
        // The key is misspelt in the format.
        separatorID = try file.integer(key("seperator_token_id"))
        paddingID = try file.integer(key("padding_token_id"))
        maskID = try file.integer(key("mask_token_id"))
        classID = try file.integer(key("cls_token_id"))
        addsBegin = try file.bool(key("add_bos_token"))
        addsEnd = try file.bool(key("add_eos_token"))
        addsSpacePrefix = try file.bool(key("add_space_prefix"))
        removesExtraWhitespaces = try file.bool(key("remove_extra_whitespaces"))
    }
}
