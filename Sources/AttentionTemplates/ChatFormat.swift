import AttentionJSON
import AttentionTokenizers
import Foundation

/// A model's chat templates, and the special tokens that they read.
///
/// ```swift
/// let format = try ChatFormat(path: "Qwen3-0.6B")
/// let prompt = try format.render([ChatMessage(.user, "Hello!")])
/// ```
///
/// A model may have several templates with names. ``template(named:hasTools:hasDocuments:)`` says which one a
/// conversation takes.
public struct ChatFormat: Sendable {
    /// The name of the template that every conversation takes; nil: the conversation's tools and documents
    /// decide.
    public var templateName: String?
    /// The special tokens by the names that templates know them by, such as `bos_token`.
    public var specialTokens: [String: String]
    /// The model's name in errors.
    private let model: String
    /// A template that cannot be read is an error when a conversation takes it, and not before.
    private let templates: [ExactString: Result<ChatTemplate, ChatTemplateError>]

    /// A format with one template.
    public init(template: ChatTemplate, specialTokens: [String: String] = [:]) {
        self.specialTokens = specialTokens
        model = template.name
        templates = [Self.standard: .success(template)]
    }

    /// Reads a model's templates.
    ///
    /// - Parameters:
    ///   - sources: the templates by name.
    ///   - name: ``templateName``.
    ///   - specialTokens: ``specialTokens``.
    ///   - model: the model's name in errors.
    /// - Throws: ``ChatTemplateError`` where there is no template of that name, none that a conversation
    ///   takes by itself, or where the one that most conversations take cannot be read.
    package init(
        sources: [ExactString: String], name: String? = nil, specialTokens: [String: String], model: String
    ) throws(ChatTemplateError) {
        var templates: [ExactString: Result<ChatTemplate, ChatTemplateError>] = [:]
        for (name, source) in sources {
            let label = name == Self.standard ? "chat template" : "chat template \(quoted(name.string))"
            do throws(ChatTemplateError) {
                templates[name] = .success(try ChatTemplate(source, name: "\(model): \(label)"))
            } catch {
                templates[name] = .failure(error)
            }
        }
        (self.templates, self.specialTokens, self.model) = (templates, specialTokens, model)
        templateName = name
        guard let plain = templates[name.map { ExactString($0) } ?? Self.standard] else {
            let chosen = [Self.toolUse, Self.retrieval]
            guard name == nil, chosen.contains(where: { templates[$0] != nil }) else {
                throw noTemplate(name: sources.isEmpty ? name : name ?? Self.standard.string)
            }
            return
        }
        _ = try plain.get()
    }

    private static let standard: ExactString = "default"
    private static let toolUse: ExactString = "tool_use"
    private static let retrieval: ExactString = "rag"

    /// The names of the templates in ascending order; a template without a name of its own is `default`.
    public var templateNames: [String] { templates.keys.sorted().map(\.string) }

    /// The template that a conversation takes: the one of that name, or `tool_use` for a conversation with
    /// tools, `rag` for one with documents, each where the model has it, or else `default`.
    ///
    /// This is the order of `apply_chat_template` in transformers 5. That function never takes `rag` by
    /// itself: it leaves documents to `default`, where most such models pass over them.
    ///
    /// - Parameters:
    ///   - name: The name of a template; nil: ``templateName``.
    ///   - hasTools: Whether the conversation has tools.
    ///   - hasDocuments: Whether the conversation has documents.
    /// - Throws: ``ChatTemplateError``.
    public func template(
        named name: String? = nil, hasTools: Bool = false, hasDocuments: Bool = false
    ) throws(ChatTemplateError) -> ChatTemplate {
        if let name = name ?? templateName {
            guard let template = templates[ExactString(name)] else { throw noTemplate(name: name) }
            return try template.get()
        }
        if hasTools, let template = templates[Self.toolUse] { return try template.get() }
        if hasDocuments, let template = templates[Self.retrieval] { return try template.get() }
        guard let template = templates[Self.standard] else { throw noTemplate(name: Self.standard.string) }
        return try template.get()
    }

    private func noTemplate(name: String?) -> ChatTemplateError {
        .noTemplate(model: model, name: name, available: templateNames)
    }

    /// Makes the text of a conversation with the template that it takes, as
    /// ``ChatTemplate/render(_:tools:documents:addGenerationPrompt:variables:trustsContent:date:)`` does.
    ///
    /// - Parameters:
    ///   - messages: The conversation.
    ///   - tools: The tools that the model may call, as JSON Schema describes functions.
    ///   - documents: The documents that the model may quote.
    ///   - addGenerationPrompt: Whether the text ends where the model's answer begins.
    ///   - variables: Switches that the template reads, such as `enable_thinking`.
    ///   - trustsContent: Whether special tokens are also found in the text of messages.
    ///   - date: The date that the template is told.
    /// - Throws: ``ChatTemplateError``.
    public func render(
        _ messages: [ChatMessage], tools: [ChatValue]? = nil, documents: [ChatValue]? = nil,
        addGenerationPrompt: Bool = true, variables: [String: ChatValue] = [:], trustsContent: Bool = false,
        date: Date = Date()
    ) throws(ChatTemplateError) -> ChatPrompt {
        try render(
            messages, tools: tools, documents: documents, addGenerationPrompt: addGenerationPrompt,
            named: [ExactString: ChatValue](variables), trustsContent: trustsContent, date: date)
    }

    /// The same with variables that a file names.
    package func render(
        _ messages: [ChatMessage], tools: [ChatValue]?, documents: [ChatValue]?,
        addGenerationPrompt: Bool = true, named variables: [ExactString: ChatValue],
        trustsContent: Bool = false, date: Date = Date()
    ) throws(ChatTemplateError) -> ChatPrompt {
        let template = try template(hasTools: tools != nil, hasDocuments: documents != nil)
        let tokens = [ExactString: String](specialTokens).mapValues(ChatValue.string)
        return try template.render(
            messages, tools: tools, documents: documents, addGenerationPrompt: addGenerationPrompt,
            named: tokens.merging(variables) { $1 }, trustsContent: trustsContent, date: date)
    }
}
