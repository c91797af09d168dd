import AttentionFiles
import AttentionJSON
import AttentionTokenizers
import Foundation

extension ChatFormat {
    /// Loads the chat template of a model folder or a GGUF file.
    ///
    /// - Parameters:
    ///   - path: the folder or the file.
    ///   - name: the template to use, where there are several.
    /// - Throws: `ChatTemplateError`, `TokenizerError`; `ModelFileError`, also for a file of another kind;
    ///   for GGUF files `GGUFError`.
    public init(path: String, name: String? = nil) throws {
        if GGUFFile.isOne(at: path) {
            try self.init(gguf: GGUFFile(path: path), name: name)
        } else {
            try self.init(folder: URL(fileURLWithPath: ModelFolder(path: path).path), name: name)
        }
    }

    /// Loads the chat templates of a GGUF file: `tokenizer.chat_template`, which is named `default`, and
    /// those with a name of their own in `tokenizer.chat_template.NAME`.
    ///
    /// - Throws: `ChatTemplateError`; `GGUFError` where a value has the wrong type.
    public init(gguf file: GGUFFile, name: String? = nil) throws {
        var sources: [ExactString: String] = [:]
        sources["default"] = try file.string(GGUFChatTemplates.key)
        // The list `tokenizer.chat_templates` repeats what the keys say.
        let prefix = (GGUFChatTemplates.key + ".").utf8
        for key in file.keys where key.utf8.starts(with: prefix) {
            let name = ExactString(Substring(key.utf8.dropFirst(prefix.count)))
            sources[name] = try file.string(key)
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
            tokens[name + "_token"] = pieces[id]  // exact-text: the names are those above
        }
        return tokens
    }
}

/// The metadata of a GGUF file that hold chat templates.
package enum GGUFChatTemplates {
    static let key = "tokenizer.chat_template"

    /// The keys and values that llama.cpp's converter makes of templates with names.
    ///
    /// Of a name, everything but ASCII letters and digits becomes `_`, as there. Of names that become equal,
    /// the last in the order of their scalars counts.
    package static func values(_ sources: [ExactString: String]) -> [(key: String, value: GGUFValue)] {
        var named: [ExactString: String] = [:]
        for name in sources.keys.sorted() where name != "default" && !name.isEmpty {
            let plain = name.unicodeScalars.map { scalar -> Character in
                scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                    ? Character(scalar) : "_"
            }
            named[ExactString(String(plain))] = sources[name]
        }
        let names = named.keys.sorted()
        var values: [(key: String, value: GGUFValue)] = []
        for name in names { values.append((key: "\(key).\(name)", value: .string(named[name] ?? ""))) }
        if !names.isEmpty {
            values.append(
                (key: "tokenizer.chat_templates", value: .array(GGUFArray(names.map(\.string)))))
        }
        if let source = sources["default"] { values.append((key: key, value: .string(source))) }
        return values
    }
}
