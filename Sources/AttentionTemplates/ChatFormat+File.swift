import AttentionFiles
import AttentionJSON
import AttentionTokenizers
import Foundation

extension ChatFormat {
    /// Loads the chat templates of a model's folder or a GGUF file.
    ///
    /// - Parameters:
    ///   - path: the folder or the file.
    ///   - name: ``templateName``.
    /// - Throws: As ``init(_:name:)``; `ModelFileError` for a file of another kind.
    public init(path: String, name: String? = nil) throws {
        try self.init(ModelFile(path: path), name: name)
    }

    /// Loads a model's chat templates, and the special tokens that its files name.
    ///
    /// In a folder the first of these places that holds a template counts, and the others do not:
    ///
    /// 1. `chat_template.jinja`, which is named `default`, and `additional_chat_templates/NAME.jinja`,
    /// 2. `chat_template` of `tokenizer_config.json`: one template, or several with names,
    /// 3. `chat_template` of `chat_template.json`.
    ///
    /// In a GGUF file they are `tokenizer.chat_template`, which is named `default`, and those with a name of
    /// their own in `tokenizer.chat_template.NAME`.
    ///
    /// - Parameters:
    ///   - file: the model's file.
    ///   - name: ``templateName``.
    /// - Throws: ``ChatTemplateError``; `TokenizerError` where a file of a folder cannot be read or is not as
    ///   it should be; `GGUFError` where a value has the wrong type.
    public init(_ file: ModelFile, name: String? = nil) throws {
        try self.init(
            sources: Self.sources(of: file), name: name, specialTokens: Self.specialTokens(of: file),
            model: file.path)
    }

    /// The special tokens that a model's files name, for a template from elsewhere.
    ///
    /// - Throws: `TokenizerError`, `GGUFError`.
    public static func specialTokens(of file: ModelFile) throws -> [String: String] {
        try Tokenizer.namedTokens(of: file)
    }

    /// The texts of a model's templates by name.
    ///
    /// - Throws: `TokenizerError`, `GGUFError`.
    package static func sources(of file: ModelFile) throws -> [ExactString: String] {
        switch file.container {
        case .folder(let folder): try sources(folder: URL(fileURLWithPath: folder.path))
        case .gguf(let file): try sources(gguf: file)
        }
    }
}
