import AttentionJSON

/// One message of a conversation.
public struct ChatMessage: Hashable, Sendable {
    /// The speaker of a message, such as `user`.
    public struct Role: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
        /// The role's name, as templates read it.
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral name: String) { rawValue = name }

        /// Instructions for the assistant.
        public static let system = Role(rawValue: "system")
        /// The person who talks to the model.
        public static let user = Role(rawValue: "user")
        /// The model.
        public static let assistant = Role(rawValue: "assistant")
        /// The result of a function that the model called.
        public static let tool = Role(rawValue: "tool")

        /// Whether it is a plain word, which no special token can hide in.
        var isPlain: Bool {
            rawValue.utf8.allSatisfy {
                $0 == 0x5F || $0 == 0x2D || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
            }
        }
    }

    /// All that belongs to the message, in its own order: `role`, `content` unless there is none, and the
    /// other fields.
    public private(set) var members: [ChatValue.Member]

    /// A message.
    ///
    /// - Parameters:
    ///   - role: ``role``.
    ///   - content: ``content``.
    ///   - fields: ``fields``.
    public init(_ role: Role, _ content: ChatValue, fields: [ChatValue.Member] = []) {
        members = [.init(Self.roleName, .string(role.rawValue)), .init(Self.contentName, content)] + fields
    }

    /// A message that is a text.
    public init(_ role: Role, _ text: String) { self.init(role, .string(text)) }

    /// Reads a message as JSON has it: an object with `role`, `content` and other members.
    ///
    /// - Returns: nil for a value that is no object with a role.
    public init?(_ value: ChatValue) {
        guard case .object(let members) = value, value[Self.roleName]?.stringValue != nil else { return nil }
        self.members = members
    }

    private static let roleName = "role"
    private static let contentName = "content"

    /// The speaker.
    public var role: Role {
        get { Role(rawValue: self[Self.roleName]?.stringValue ?? "") }
        set { self[Self.roleName] = .string(newValue.rawValue) }
    }

    /// The text; or parts, such as `[["type": "text", "text": "…"]]`; or null for a message without content.
    public var content: ChatValue {
        get { self[Self.contentName] ?? .null }
        set { self[Self.contentName] = newValue }
    }

    /// The other members, such as `tool_calls`, `reasoning_content` or `name`.
    public var fields: [ChatValue.Member] {
        get { members.filter { !Self.isOwn($0) } }
        set { members = members.filter(Self.isOwn) + newValue }
    }

    private static func isOwn(_ member: ChatValue.Member) -> Bool {
        [ExactString(roleName), ExactString(contentName)].contains(ExactString(member.name))
    }

    /// The member of a name; of several, the last.
    private subscript(name: String) -> ChatValue? {
        get { place(of: name).map { members[$0].value } }
        set {
            guard let newValue else { return }
            if let place = place(of: name) {
                members[place].value = newValue
            } else {
                members.append(.init(name, newValue))
            }
        }
    }

    private func place(of name: String) -> Int? {
        members.lastIndex { ExactString($0.name) == ExactString(name) }
    }

    /// The message as templates see it.
    ///
    /// Reasoning has several names in use, and a template reads only one of them. As in transformers, the
    /// text is given under both common names.
    func value(trusting trustsContent: Bool) throws(JinjaFault) -> JinjaValue {
        let isContent = !trustsContent
        let reasoning = ["reasoning_content", "thinking", "reasoning"].lazy.compactMap { self[$0] }
            .first { $0 != .null }
        var dictionary = JinjaDictionary()
        if let reasoning {
            try dictionary.set(.string("thinking"), JinjaValue(reasoning, isContent: isContent))
        }
        for member in members {
            let isPlainRole = ExactString(member.name) == ExactString(Self.roleName) && role.isPlain
            try dictionary.set(
                .string(JinjaText(member.name, isContent: isContent && !Self.isOwn(member))),
                JinjaValue(member.value, isContent: isContent && !isPlainRole))
        }
        if let reasoning {
            try dictionary.set(.string("reasoning_content"), JinjaValue(reasoning, isContent: isContent))
        }
        return .dictionary(dictionary)
    }
}
