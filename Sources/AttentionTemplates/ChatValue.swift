import AttentionJSON
import AttentionTokenizers

/// A value that a chat template reads: a JSON value whose objects keep the order of their members.
public indirect enum ChatValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A whole number beyond 64 bits.
    case largeInteger(LargeInteger)
    case number(Double)
    case string(String)
    case array([ChatValue])
    case object([Member])

    /// A member of an object.
    public struct Member: Hashable, Sendable {
        /// The member's name.
        public var name: String
        /// The member's value.
        public var value: ChatValue

        /// A member of an object.
        public init(_ name: String, _ value: ChatValue) { (self.name, self.value) = (name, value) }
    }

    /// Reads a JSON text.
    ///
    /// - Parameters:
    ///   - json: UTF-8.
    ///   - name: the text's name in errors, such as the path of its file.
    /// - Throws: `TokenizerError.invalidJSON(file:offset:reason:)`;
    ///   `TokenizerError.invalidValue(file:field:reason:)` for a whole number of more than 4,300 digits,
    ///   and for another number that is beyond a double's range.
    public init(json: some Sequence<UInt8>, name: String = "JSON") throws(TokenizerError) {
        try self.init(JSONValue(parsing: Array(json), name: name))
    }

    init(_ json: JSONValue) throws(TokenizerError) {
        if let text = json.stringValue {
            self = .string(text)
        } else if let flag = json.boolValue {
            self = .bool(flag)
        } else if json.isNumber {
            if let integer = json.integerValue {
                self = .integer(integer)
            } else if let whole = LargeInteger(json.literal) {
                self = .largeInteger(whole)
            } else if let number = json.doubleValue {
                self = .number(number)
            } else {
                throw json.invalid("is \(json), which is too large")
            }
        } else if let elements = json.elements {
            self = .array(try elements.map { element throws(TokenizerError) in try ChatValue(element) })
        } else if let members = json.members {
            var list: [Member] = []
            for (name, value) in members { list.append(Member(name.string, try ChatValue(value))) }
            self = .object(list)
        } else {
            self = .null
        }
    }

    /// The member of an object by its name.
    public subscript(name: String) -> ChatValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { ExactString($0.name) == ExactString(name) }?.value
    }

    /// The text, where this is one.
    public var stringValue: String? { if case .string(let text) = self { text } else { nil } }
}

/// Texts and names are equal if their scalars are, as for templates.
extension ChatValue {
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.largeInteger(let a), .largeInteger(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): ExactString(a) == ExactString(b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }
}

extension ChatValue.Member {
    public static func == (left: Self, right: Self) -> Bool {
        ExactString(left.name) == ExactString(right.name) && left.value == right.value
    }
}

extension ChatValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral text: String) { self = .string(text) }
    public init(booleanLiteral flag: Bool) { self = .bool(flag) }
    public init(integerLiteral number: Int) { self = .integer(number) }
    public init(floatLiteral number: Double) { self = .number(number) }
    public init(arrayLiteral elements: ChatValue...) { self = .array(elements) }
    public init(dictionaryLiteral members: (String, ChatValue)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }
}

extension JinjaValue {
    /// - Parameter isContent: whether its texts are content, in which no special token is found.
    init(_ value: ChatValue, isContent: Bool, depth: Int = 1) throws(JinjaFault) {
        guard depth <= JinjaSequence.greatestDepth else { throw JinjaSequence.tooDeep }
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .integer(let number): self = .integer(number)
        case .largeInteger(let number): self = JinjaValue(number)
        case .number(let number): self = .float(number)
        case .string(let text): self = .string(JinjaText(text, isContent: isContent))
        case .array(let elements):
            self = .list(
                try JinjaSequence(
                    elements.map { element throws(JinjaFault) in
                        try JinjaValue(element, isContent: isContent, depth: depth + 1)
                    }))
        case .object(let members):
            var dictionary = JinjaDictionary()
            for member in members {
                try dictionary.set(
                    .string(JinjaText(member.name, isContent: isContent)),
                    JinjaValue(member.value, isContent: isContent, depth: depth + 1))
            }
            self = .dictionary(dictionary)
        }
    }
}
