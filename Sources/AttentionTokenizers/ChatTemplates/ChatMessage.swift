/// One message of a conversation.
public struct ChatMessage: Hashable, Sendable {
    /// Who says it, such as `user`.
    public struct Role: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral name: String) { rawValue = name }

        /// Who says how the assistant should behave.
        public static let system = Role(rawValue: "system")
        public static let user = Role(rawValue: "user")
        /// The model.
        public static let assistant = Role(rawValue: "assistant")
        /// A function that the model called.
        public static let tool = Role(rawValue: "tool")

        /// Whether it is a plain word, which no special token can hide in.
        var isPlain: Bool {
            rawValue.utf8.allSatisfy {
                $0 == 0x5F || $0 == 0x2D || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
            }
        }
    }

    public var role: Role
    /// The text; or parts, such as `[["type": "text", "text": "…"]]`; or null for a message without content.
    public var content: ChatValue
    /// What else belongs to the message, such as `tool_calls`, `reasoning_content` or `name`.
    public var fields: [ChatValue.Member]

    public init(_ role: Role, _ content: ChatValue, fields: [ChatValue.Member] = []) {
        (self.role, self.content, self.fields) = (role, content, fields)
    }

    public init(_ role: Role, _ text: String) { self.init(role, .string(text)) }

    /// Reads a message as JSON has it: an object with `role`, `content` and whatever else.
    ///
    /// - Returns: nil for what is no object with a role.
    public init?(_ value: ChatValue) {
        guard case .object(let members) = value, let role = value["role"]?.stringValue else { return nil }
        self.init(
            Role(rawValue: role), value["content"] ?? .null,
            fields: members.filter { $0.name != "role" && $0.name != "content" })
        hasContent = value["content"] != nil
    }

    /// Whether the message has content at all; JSON tells none from null.
    private var hasContent = true

    /// The message as templates see it.
    ///
    /// Reasoning has several names in use, and a template reads only one of them: it is given under the two
    /// that are common, as the reference does.
    func value(trusting trustsContent: Bool) throws(JinjaFault) -> JinjaValue {
        let isContent = !trustsContent
        var members = JinjaDictionary()
        let reasoning = ["reasoning_content", "thinking", "reasoning"].lazy.compactMap { name in
            fields.last { $0.name == name && $0.value != .null }?.value
        }.first
        if let reasoning {
            try members.set(.string("thinking"), JinjaValue(reasoning, isContent: isContent))
        }
        try members.set(
            .string("role"), .string(JinjaText(role.rawValue, isContent: isContent && !role.isPlain)))
        if hasContent { try members.set(.string("content"), JinjaValue(content, isContent: isContent)) }
        for field in fields {
            try members.set(
                .string(JinjaText(field.name, isContent: isContent)),
                JinjaValue(field.value, isContent: isContent))
        }
        if let reasoning {
            try members.set(.string("reasoning_content"), JinjaValue(reasoning, isContent: isContent))
        }
        return .dictionary(members)
    }
}
