import AttentionJSON
import Foundation

/// How a model is talked to: its chat template, and the special tokens that the template reads.
///
/// ```swift
/// let format = try ChatFormat(folder: folder)
/// let prompt = try format.render([ChatMessage(.user, "Hello!")])
/// ```
public struct ChatFormat: Sendable {
    /// The template for conversations.
    public var template: ChatTemplate
    /// The template for conversations with tools, where the model has one of its own.
    public var toolTemplate: ChatTemplate?
    /// The special tokens by the names that templates know them by, such as `bos_token`.
    public var specialTokens: [String: String]

    public init(template: ChatTemplate, specialTokens: [String: String] = [:]) {
        (self.template, self.specialTokens) = (template, specialTokens)
    }

    /// Chooses among a model's templates.
    ///
    /// - Parameters:
    ///   - sources: the templates by name. `default` is for conversations, `tool_use` for those with tools.
    ///   - name: the template to use instead of those two.
    ///   - specialTokens: ``specialTokens``.
    ///   - model: what errors call the model.
    /// - Throws: ``ChatTemplateError``.
    public init(
        sources: [String: String], name: String? = nil, specialTokens: [String: String], model: String
    ) throws(ChatTemplateError) {
        // A model with one template may call it what it likes.
        let only = sources.count == 1 ? sources.first?.value : nil
        guard let source = sources[name ?? "default"] ?? (name == nil ? only : nil) else {
            throw .noTemplate(
                model: model, name: sources.isEmpty ? name : name ?? "default",
                available: sources.keys.sorted())
        }
        template = try ChatTemplate(source, name: "\(model): chat template")
        if name == nil, sources.count > 1, let tools = sources["tool_use"] {
            toolTemplate = try ChatTemplate(tools, name: "\(model): chat template 'tool_use'")
        }
        self.specialTokens = specialTokens
    }

    /// Loads what a model's folder says: `chat_template.jinja`, else `chat_template` of
    /// `tokenizer_config.json`, one or several with names, else `chat_template.json`; and the special tokens
    /// of `tokenizer_config.json`.
    ///
    /// - Parameters:
    ///   - folder: the model's folder.
    ///   - name: the template to use, where there are several.
    /// - Throws: ``ChatTemplateError``; ``TokenizerError`` where a file cannot be read or is not as it should
    ///   be.
    public init(folder: URL, name: String? = nil) throws {
        try self.init(
            sources: Self.sources(in: folder, Self.config(in: folder)), name: name,
            specialTokens: Self.specialTokens(folder: folder), model: folder.path)
    }

    /// The special tokens that a model's folder names, for a template from elsewhere.
    ///
    /// - Throws: ``TokenizerError``.
    public static func specialTokens(folder: URL) throws(TokenizerError) -> [String: String] {
        let config = try config(in: folder)
        var tokens: [String: String] = [:]
        for name in ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map({ $0 + "_token" }) {
            guard let value = try config?.optional(name) else { continue }
            tokens[name] = value.isObject ? try value.required("content").string() : try value.string()
        }
        return tokens
    }

    /// Makes the text of a conversation, as
    /// ``ChatTemplate/render(_:tools:documents:addGenerationPrompt:variables:trustsContent:date:)`` does.
    ///
    /// - Parameter variables: switches that the template reads, such as `enable_thinking`.
    public func render(
        _ messages: [ChatMessage], tools: [ChatValue]? = nil, documents: [ChatValue]? = nil,
        addGenerationPrompt: Bool = true, variables: [String: ChatValue] = [:], trustsContent: Bool = false,
        date: Date = Date()
    ) throws(ChatTemplateError) -> ChatPrompt {
        let template = tools == nil ? template : toolTemplate ?? template
        return try template.render(
            messages, tools: tools, documents: documents, addGenerationPrompt: addGenerationPrompt,
            variables: specialTokens.mapValues(ChatValue.string).merging(variables) { $1 },
            trustsContent: trustsContent, date: date)
    }

    // MARK: Folders

    private static func sources(in folder: URL, _ config: JSONValue?) throws(TokenizerError) -> [String:
        String]
    {
        if let source = try text("chat_template.jinja", in: folder) { return ["default": source] }
        if let value = try config?.optional("chat_template") { return try sources(value) }
        if let value = try json("chat_template.json", in: folder)?.optional("chat_template") {
            return try sources(value)
        }
        return [:]
    }

    /// One template, or a list of objects with `name` and `template`.
    private static func sources(_ value: JSONValue) throws(TokenizerError) -> [String: String] {
        guard value.isArray else { return ["default": try value.string()] }
        var sources: [String: String] = [:]
        for element in try value.array() {
            sources[try element.required("name").string()] = try element.required("template").string()
        }
        return sources
    }

    private static func config(in folder: URL) throws(TokenizerError) -> JSONValue? {
        try json("tokenizer_config.json", in: folder)
    }

    private static func json(_ name: String, in folder: URL) throws(TokenizerError) -> JSONValue? {
        guard let bytes = try bytes(name, in: folder) else { return nil }
        return try JSONValue(parsing: bytes, name: folder.appendingPathComponent(name).path)
    }

    private static func text(_ name: String, in folder: URL) throws(TokenizerError) -> String? {
        guard let bytes = try bytes(name, in: folder) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidData(
                file: folder.appendingPathComponent(name).path, offset: 0, reason: "a template must be UTF-8")
        }
        return text
    }

    private static func bytes(_ name: String, in folder: URL) throws(TokenizerError) -> [UInt8]? {
        let file = folder.appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            return [UInt8](try Data(contentsOf: file))
        } catch {
            throw .unreadableFile(file: file.path, reason: error.localizedDescription)
        }
    }
}
