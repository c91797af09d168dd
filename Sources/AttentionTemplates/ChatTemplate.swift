import AttentionJSON
import AttentionTokenizers
import Foundation

/// A model's chat template, which makes of a conversation the text that the model continues.
///
/// Models are published with a template in the language Jinja. This runs the part of Jinja that such
/// templates use, with the results of `transformers` 5. A part that is not implemented is an error that names
/// it. A template is a program from outside: ``Limits`` bound the time and memory that it takes.
///
/// ```swift
/// let template = try ChatTemplate(source, name: "chat_template.jinja")
/// let prompt = try template.render([ChatMessage(.user, "Hello!")], variables: ["bos_token": "<s>"])
/// let ids = try tokenizer.encode(prompt).ids
/// ```
///
/// The text of a message never becomes a special token: a message with `<|im_end|>` in it does not end there.
/// `ChatPrompt` keeps which characters come from messages, and `Tokenizer.encode(_:)` finds special
/// tokens only in those that come from the template.
public struct ChatTemplate: Sendable {
    /// The most that rendering may take.
    public struct Limits: Hashable, Sendable {
        /// The steps of evaluation, of about 50 ns each.
        public var steps: Int
        /// The length of the output and of each text on the way, in Unicode scalars.
        public var characters: Int

        /// The usual limits, unless others are given.
        public init(steps: Int = 5_000_000, characters: Int = 16_000_000) {
            (self.steps, self.characters) = (steps, characters)
        }
    }

    /// The template's name in errors.
    public let name: String
    /// The template's text.
    public let source: String
    /// The most that rendering may take.
    public var limits = Limits()
    private let program: JinjaProgram

    /// The template of ChatML, with which many models were trained.
    public static let chatML = """
        {%- for message in messages %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
        {{- '<|im_start|>assistant\\n' }}
        {%- endif %}
        """

    /// The greatest length of a template, in bytes. The longest published ones have 20,000.
    static let greatestLength = 2_000_000

    /// Reads a template.
    ///
    /// - Throws: ``ChatTemplateError/syntax(template:line:column:reason:)``,
    ///   ``ChatTemplateError/unsupported(template:line:column:construct:)``,
    ///   ``ChatTemplateError/tooCostly(template:line:column:limit:)``.
    public init(_ source: String, name: String = "chat template") throws(ChatTemplateError) {
        (self.source, self.name) = (source, name)
        guard source.utf8.count <= Self.greatestLength else {
            throw .tooCostly(
                template: name, line: 1, column: 1, limit: "more than \(Self.greatestLength) bytes")
        }
        do throws(JinjaFault) {
            program = try JinjaParser.program(of: JinjaLexer.normalized(source))
        } catch {
            throw Self.error(error, at: error.position ?? 0, in: source, name)
        }
    }

    /// Makes the text of a conversation.
    ///
    /// - Parameters:
    ///   - messages: the conversation.
    ///   - tools: the functions that the model may call, as JSON schemas.
    ///   - documents: texts on which the answer rests.
    ///   - addGenerationPrompt: whether the text ends with what begins the model's answer.
    ///   - variables: the other variables of the template: special tokens, such as `bos_token`, and switches,
    ///     such as `enable_thinking`. Special tokens are found in these texts.
    ///   - trustsContent: whether special tokens are found in messages, tools and documents, too.
    ///   - date: the time that `strftime_now` shows.
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
        _ messages: [ChatMessage], tools: [ChatValue]?, documents: [ChatValue]?, addGenerationPrompt: Bool,
        named variables: [ExactString: ChatValue], trustsContent: Bool, date: Date
    ) throws(ChatTemplateError) -> ChatPrompt {
        var values: [ExactString: JinjaValue] = [:]
        do throws(JinjaFault) {
            for (name, value) in variables { values[name] = try JinjaValue(value, isContent: false) }
            values["messages"] = .list(
                try JinjaSequence(
                    messages.map { m throws(JinjaFault) in try m.value(trusting: trustsContent) }))
            let lists: [(ExactString, [ChatValue]?)] = [("tools", tools), ("documents", documents)]
            for (name, list) in lists {
                values[name] =
                    try list.map { l throws(JinjaFault) in
                        try JinjaValue(.array(l), isContent: !trustsContent)
                    } ?? JinjaValue.null
            }
        } catch {
            throw .tooDeep(limit: JinjaSequence.greatestDepth)
        }
        values["add_generation_prompt"] = .bool(addGenerationPrompt)
        let seconds = date.timeIntervalSince1970
        let renderer = JinjaRenderer(
            program, variables: values, limits: limits, now: abs(seconds) < 1e12 ? seconds : 0)
        do throws(JinjaFault) {
            return ChatPrompt(try renderer.render())
        } catch {
            throw Self.error(error, at: error.position ?? renderer.position, in: source, name)
        }
    }

    private static func error(
        _ fault: JinjaFault, at position: Int, in source: String, _ name: String
    ) -> ChatTemplateError {
        let before = JinjaLexer.normalized(source).prefix(position)
        let line = 1 + before.count { $0 == 0x0A }
        let column = 1 + before.reversed().prefix { $0 != 0x0A }.count
        switch fault.kind {
        case .syntax: return .syntax(template: name, line: line, column: column, reason: fault.reason)
        case .unsupported:
            return .unsupported(template: name, line: line, column: column, construct: fault.reason)
        case .raised: return .refused(template: name, message: fault.reason)
        case .failed: return .failed(template: name, line: line, column: column, reason: fault.reason)
        case .tooCostly: return .tooCostly(template: name, line: line, column: column, limit: fault.reason)
        }
    }
}
