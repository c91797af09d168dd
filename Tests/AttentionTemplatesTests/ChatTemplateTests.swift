import AttentionTemplates
import AttentionTokenizers
import Foundation
import Testing

struct ChatTemplateTests {
    private let fixture: ChatFixture

    init() throws { fixture = try ChatFixture() }

    @Test func snippetsRenderAsTheReferenceRendersThem() throws {
        let variables = ChatFixture.variables(fixture.value["variables"])
            .merging(ChatFixture.tokens) { $1 }
        let messages = [ChatMessage(.user, "a"), ChatMessage(.assistant, "b")]
        let snippets = ChatFixture.elements(fixture.value["snippets"])
        #expect(snippets.count > 600)
        for snippet in snippets {
            let pair = ChatFixture.elements(snippet)
            let source = try #require(pair[0].stringValue)
            // The reference shows the time of the place; the fixture was made in UTC.
            if source.contains("strftime"), TimeZone.current.secondsFromGMT(for: ChatFixture.date) != 0 {
                continue
            }
            let text = try? rendered(source, variables, messages)
            #expect(text == pair[1].stringValue, "\(source)")
        }
    }

    @Test func templatesRenderAsTheReferenceRendersThem() throws {
        for conversation in ChatFixture.members(fixture.value["conversations"]) {
            let value = conversation.value
            let tools = value["tools"].map { ChatFixture.elements($0) }
            for template in ChatFixture.members(fixture.value["templates"]) {
                let expected = try #require(fixture.value["results"]?[template.name]?[conversation.name])
                var outcome = ChatValue.null
                do {
                    let loaded = try ChatTemplate(try #require(template.value.stringValue))
                    let prompt = try loaded.render(
                        ChatFixture.messages(value["messages"]), tools: tools,
                        addGenerationPrompt: value["add"] != false,
                        variables: ChatFixture.tokens.merging(ChatFixture.variables(value["variables"])) {
                            $1
                        },
                        date: ChatFixture.date)
                    outcome = .string(prompt.text)
                } catch let error as ChatTemplateError {
                    if case .refused(_, let message) = error { outcome = [.string(message)] }
                }
                #expect(outcome == expected, "\(template.name) with \(conversation.name)")
            }
        }
    }

    @Test func errorsSayWhere() {
        #expect(
            throws: ChatTemplateError.syntax(
                template: "t", line: 2, column: 6, reason: "expected an expression, found '}}'")
        ) {
            try rendered("a\n{{ 1+}}")
        }
        #expect(
            throws: ChatTemplateError.unsupported(
                template: "t", line: 1, column: 6, construct: "the filter 'groupby'")
        ) {
            try rendered("{{ a|groupby }}")
        }
        #expect(
            throws: ChatTemplateError.unsupported(
                template: "t", line: 3, column: 4, construct: "the tag 'include'")
        ) {
            try rendered("\n\n{% include 'x' %}")
        }
        #expect(
            throws: ChatTemplateError.failed(template: "t", line: 1, column: 6, reason: "'a' is undefined")
        ) {
            try rendered("é\t{{ a.b }}")
        }
        #expect(throws: ChatTemplateError.refused(template: "t", message: "no")) {
            try rendered("{{ raise_exception('no') }}")
        }
        #expect("\(ChatTemplateError.refused(template: "t", message: "a\u{1B}[0m"))".contains("\\u{1B}"))
    }

    /// Parts that the template does not reach take no steps and give no errors.
    @Test func unsupportedPartsFailOnlyWhenReached() throws {
        #expect(try rendered("{% if false %}{{ a|groupby }}{% endif %}b") == "b")
    }

    /// Items that are equally great keep their order, also backwards.
    @Test func sortingIsStable() throws {
        let letters: [String: ChatValue] = ["a": ["b", "B", "a", "c", "A", "C"]]
        #expect(try rendered("{{ a|sort|join }}", letters) == "aAbBcC")
        #expect(try rendered("{{ a|sort(reverse=true)|join }}", letters) == "cCbBaA")
        let items = (0..<40).map { ["k": .integer($0 % 3), "v": .integer($0)] as ChatValue }
        let expected = (0..<40).sorted { ($0 % 3, $0) < ($1 % 3, $1) }.map(String.init)
        let source = "{{ a|sort(attribute='k')|map(attribute='v')|join(' ') }}"
        #expect(try rendered(source, ["a": .array(items)]) == expected.joined(separator: " "))
    }

    /// Dictionaries are equal if they have the same names with the same values, in any order.
    @Test func equalDictionaries() throws {
        let object: [String: ChatValue] = ["a": ["x": 1, "y": 2]]
        for (other, isEqual) in [
            ("{'y': 2, 'x': 1}", true), ("{'x': 1, 'y': 2, 'z': 3}", false), ("{'x': 1}", false),
            ("{'x': 1, 'y': 3}", false), ("{'x': 1, 'z': 2}", false), ("{}", false),
        ] {
            let expected = isEqual ? "True" : "False"
            #expect(try rendered("{{ a == \(other) }}", object) == expected, "\(other)")
            #expect(try rendered("{{ \(other) == a }}", object) == expected, "\(other)")
        }
    }

    /// Words are runs of letters, digits and underscores.
    @Test(arguments: [("a_b c_ _ __d", 4), ("1_000 x²", 2), ("a-b.c", 3), ("é_è ñ", 2), ("- . ", 0)])
    func wordsAreCounted(_ text: String, _ count: Int) throws {
        #expect(try rendered("{{ a|wordcount }}", ["a": .string(text)]) == "\(count)")
    }

    /// llama.cpp's own filter, which some published templates use.
    @Test func jsonIsRead() throws {
        #expect(try rendered("{{ (a|from_json).b[1] }}", ["a": #"{"b": [1, 2.5]}"#]) == "2.5")
        for text in ["{", "", "[1,]", String(repeating: "[", count: 100_000)] {
            #expect(throws: ChatTemplateError.self) {
                try rendered("{{ a|from_json }}", ["a": .string(text)])
            }
        }
        let source = #"{{ (messages[0].content|from_json).x ~ ('["y"]'|from_json)[0] }}"#
        let marked = try ChatTemplate(source).render([ChatMessage(.user, #"{"x": "é"}"#)])
        #expect(marked.text == "éy" && marked.content == [0..<2])
    }
}
