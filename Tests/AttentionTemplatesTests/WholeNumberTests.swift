import AttentionTemplates
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Whole numbers beyond 64 bits are exact, in messages and in templates.
struct WholeNumberTests {
    private static func message(_ number: String) throws -> ChatMessage {
        try #require(ChatMessage(try ChatValue(json: #"{"role": "user", "content": [\#(number)]}"#.utf8)))
    }

    @Test func expressionsAreThoseOfTheReference() throws {
        let file = Locations.fixture("AttentionTemplatesTests", "whole_numbers.json")
        let cases = ChatFixture.elements(try ChatValue(json: Data(contentsOf: file), name: file.path))
        #expect(cases.count > 900)
        for test in cases {
            let pair = ChatFixture.elements(test)
            let expression = try #require(pair[0].stringValue)
            #expect((try? rendered("{{ \(expression) }}")) == pair[1].stringValue, "\(expression)")
        }
    }

    @Test(arguments: [
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
        "12345678901234567890", "-" + String(repeating: "1234567890", count: 30),
    ])
    func messagesKeepEveryDigit(_ number: String) throws {
        let message = try Self.message(number)
        for source in ["{{ messages[0].content[0] }}", "{{ messages[0].content[0]|tojson }}"] {
            #expect(try rendered(source, [:], [message]) == number)
        }
        #expect(try rendered("{{ messages[0].content[0] - \(number) }}", [:], [message]) == "0")
        #expect(try rendered("{{ '[\(number)]'|from_json }}") == "[\(number)]")
    }

    /// Whole numbers are kept as far as Python reads them, and others as far as floating-point numbers go.
    @Test func aNumberTooLargeToReadIsRefused() throws {
        let long = "1" + String(repeating: "0", count: 400)
        #expect(try ChatValue(json: long.utf8) == .largeInteger(#require(LargeInteger(long))))
        for text in ["[1e400]", "[-1e400]", "[1" + String(repeating: "0", count: 4300) + "]"] {
            let error = #expect(throws: TokenizerError.self) { try ChatValue(json: text.utf8) }
            guard case .invalidValue(_, "[0]", _)? = error else {
                Issue.record("\(text.prefix(8)): \(error.map { "\($0)" } ?? "")")
                continue
            }
        }
    }

    @Test func numbersHaveNoMoreDigitsThanInPython() {
        for source in [
            "{{ 10**4300 }}", "{{ (10**4200) * (10**200) }}", "{{ 7**(7**7) }}", "{{ 2**(2**64) }}",
        ] {
            let error = #expect(throws: ChatTemplateError.self) { try rendered(source) }
            guard case .tooCostly? = error else {
                Issue.record("\(source): \(String(describing: error))")
                continue
            }
        }
        #expect((try? rendered("{{ (10**4299)|string|length }}")) == "4300")
        #expect((try? rendered("{{ " + String(repeating: "9", count: 4301) + " }}")) == nil)
    }

    /// The budget of a template bounds arithmetic, too.
    @Test func arithmeticIsPaidFor() {
        let source =
            "{% set ns = namespace(x=10**4000) %}{% for i in range(100000) %}{% set ns.x = ns.x * 3 // 3 %}{% endfor %}"
        #expect(throws: ChatTemplateError.self) { try rendered(source) }
    }

    @Test func aLargeIntegerReadsDigits() throws {
        #expect(LargeInteger("") == nil && LargeInteger("-") == nil && LargeInteger("1a") == nil)
        #expect(LargeInteger("+00012")?.description == "12" && LargeInteger("-0")?.description == "0")
        #expect(LargeInteger("1000000000000000000000")?.description == "1000000000000000000000")
        #expect(LargeInteger(.min).int == .min && LargeInteger("9223372036854775808")?.int == nil)
        let a = try #require(LargeInteger("-100000000000000000000"))
        #expect(a < LargeInteger(.min) && LargeInteger(0) < LargeInteger(1) && !(a < a))
    }

    // MARK: Order

    @Test func aMessageKeepsTheOrderOfItsMembers() throws {
        let text = #"{"name": "n", "content": "c", "z": 1, "role": "user", "a": {"y": 1, "b": 2}}"#
        var message = try #require(ChatMessage(try ChatValue(json: text.utf8)))
        #expect(try rendered("{{ messages[0]|tojson }}", [:], [message]) == text)
        #expect(
            message.role == .user && message.content == "c"
                && message.fields.map(\.name) == ["name", "z", "a"])
        message.content = "d"
        message.role = .tool
        #expect(
            try rendered("{{ messages[0].keys()|join(' ') }} {{ messages[0].content }}", [:], [message])
                == "name content z role a d")
        message.fields = [.init("q", 1)]
        #expect(
            try rendered("{{ messages[0]|tojson }}", [:], [message])
                == #"{"content": "d", "role": "tool", "q": 1}"#)
        #expect(ChatMessage(["role": 5]) == nil && ChatMessage("x") == nil)
        let bare = try #require(ChatMessage(["role": "assistant"]))
        #expect(try rendered("{{ messages[0].content is defined }}", [:], [bare]) == "False")
    }

    /// As in transformers: `thinking` comes first, `reasoning_content` where it stands or last.
    @Test func reasoningHasBothNames() throws {
        let message = try #require(ChatMessage(["role": "user", "reasoning": "r", "content": "c"]))
        #expect(
            try rendered("{{ messages[0]|tojson }}", [:], [message])
                == #"{"thinking": "r", "role": "user", "reasoning": "r", "content": "c", "reasoning_content": "r"}"#
        )
    }

    // MARK: Texts

    /// é as one scalar and as two are two texts, two keys and two names, as in Python.
    @Test func textsAreComparedByScalars() throws {
        let (one, two) = ("\u{E9}", "e\u{301}")
        #expect(try rendered("{{ '\(one)' == '\(two)' }} {{ '\(one)' in '\(two)' }}") == "False False")
        #expect(try rendered("{{ {'\(one)': 1, '\(two)': 2}|length }}") == "2")
        #expect(try rendered("{{ ['\(two)', '\(one)']|unique|list|length }}") == "2")
        let sorted = try rendered("{{ ['\(one)', '\(two)', 'f']|sort|join(' ') }}")
        #expect(sorted.utf8.elementsEqual("\(two) f \(one)".utf8))
        #expect(try rendered("{% set \(one) = 1 %}{{ \(one) }}{{ \(two) is defined }}") == "1False")
        #expect(
            try rendered("{{ v.\(one) }}{{ v.\(two) }}", ["v": .object([.init(one, 1), .init(two, 2)])])
                == "12")
        #expect(
            try rendered(
                "{% set n = namespace() %}{% set n.\(one) = 1 %}{% set n.\(two) = 2 %}{{ n.\(one) }}") == "1")
        #expect(
            try rendered(
                "{% macro m(\(one)=1, \(two)=2) %}{{ \(one) }}{{ \(two) }}{% endmacro %}{{ m(\(two)=5) }}")
                == "15")
        #expect(try rendered("{{ '{\(two)}'.format(\(one)=1, \(two)=2) }}") == "2")
        #expect(ChatValue.string(one) != .string(two) && ChatValue.object([.init(one, 1)])[two] == nil)
    }
}
