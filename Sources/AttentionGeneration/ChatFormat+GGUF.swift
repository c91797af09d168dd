import AttentionFiles
import AttentionTokenizers
import Foundation

extension ChatFormat {
    /// Loads the chat template of a model folder or a GGUF file.
    ///
    /// - Parameters:
    ///   - path: the folder or the file.
    ///   - name: the template to use, where there are several.
    /// - Throws: `ChatTemplateError`, `TokenizerError`; for GGUF files also `ModelFileError` and `GGUFError`.
    public init(path: String, name: String? = nil) throws {
        if GGUFFile.isOne(at: path) {
            try self.init(gguf: GGUFFile(path: path), name: name)
        } else {
            try self.init(folder: URL(fileURLWithPath: path), name: name)
        }
    }

    /// Loads the chat template that a GGUF file holds in `tokenizer.chat_template`; those with a name of
    /// their own follow the key after a dot.
    ///
    /// - Throws: `ChatTemplateError`; `GGUFError` where a value has the wrong type.
    public init(gguf file: GGUFFile, name: String? = nil) throws {
        let key = "tokenizer.chat_template"
        var sources: [String: String] = [:]
        sources["default"] = try file.string(key)
        for name in try file.strings("tokenizer.chat_templates") ?? [] {
            if let source = try file.string("\(key).\(name)") { sources[name] = source }
        }
        try self.init(
            sources: sources, name: name, specialTokens: Self.specialTokens(gguf: file), model: file.path)
    }

    /// The special tokens that a model folder or a GGUF file names, for a template from elsewhere.
    ///
    /// - Throws: What loading the template throws.
    public static func specialTokens(path: String) throws -> [String: String] {
        guard GGUFFile.isOne(at: path) else { return try specialTokens(folder: URL(fileURLWithPath: path)) }
        return try specialTokens(gguf: GGUFFile(path: path))
    }

    private static func specialTokens(gguf file: GGUFFile) throws(GGUFError) -> [String: String] {
        var tokens: [String: String] = [:]
        let pieces = try file.strings("tokenizer.ggml.tokens") ?? []
        for (name, field) in [("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")] {
            guard let id = try file.integer("tokenizer.ggml.\(field)_token_id"), pieces.indices.contains(id)
            else {
                continue
            }
            tokens[name + "_token"] = pieces[id]
        }
        return tokens
    }
}
