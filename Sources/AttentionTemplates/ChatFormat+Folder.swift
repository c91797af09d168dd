import AttentionJSON
import AttentionTokenizers
import Foundation

/// Chat templates of a model's folder.
extension ChatFormat {
    /// The texts of a folder's templates by name.
    ///
    /// - Throws: `TokenizerError`.
    static func sources(folder: URL) throws(TokenizerError) -> [ExactString: String] {
        var sources: [ExactString: String] = [:]
        if let source = try text("chat_template.jinja", in: folder) { sources["default"] = source }
        for (name, file) in try additionalTemplates(in: folder) { sources[name] = try text(file, in: folder) }
        if !sources.isEmpty { return sources }
        if let value = try config(in: folder)?.optional("chat_template") { return try Self.sources(value) }
        if let value = try Tokenizer.json("chat_template.json", in: folder)?.optional("chat_template") {
            return try Self.sources(value)
        }
        return [:]
    }

    /// The names and files of `additional_chat_templates`. A file `default.jinja` there takes the place of
    /// `chat_template.jinja`.
    private static func additionalTemplates(
        in folder: URL
    ) throws(TokenizerError) -> [(name: ExactString, file: String)] {
        let (subfolder, ending): (String, ExactString) = ("additional_chat_templates", ".jinja")
        let path = folder.appendingPathComponent(subfolder).path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return []
        }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).compactMap { file in
                ExactString(file).dropping(suffix: ending).map { (ExactString($0), "\(subfolder)/\(file)") }
            }
        } catch {
            throw .unreadableFile(file: path, reason: error.localizedDescription)
        }
    }

    /// One template, a list of objects with `name` and `template`, or an object of templates by name.
    private static func sources(_ value: JSONValue) throws(TokenizerError) -> [ExactString: String] {
        var sources: [ExactString: String] = [:]
        if let elements = value.elements {
            for element in elements {
                let name = ExactString(try element.required("name").string())
                sources[name] = try element.required("template").string()
            }
        } else if let members = value.members {
            for (name, template) in members { sources[name] = try template.string() }
        } else {
            sources["default"] = try value.string()
        }
        return sources
    }

    // MARK: Files

    private static func config(in folder: URL) throws(TokenizerError) -> JSONValue? {
        try Tokenizer.json("tokenizer_config.json", in: folder)
    }

    private static func text(_ name: String, in folder: URL) throws(TokenizerError) -> String? {
        let file = folder.appendingPathComponent(name)
        guard let bytes = try Tokenizer.bytesIfPresent(of: file) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidData(file: file.path, offset: 0, reason: "a template must be UTF-8")
        }
        return text
    }
}
