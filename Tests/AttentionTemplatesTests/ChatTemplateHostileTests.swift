import AttentionTemplates
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Hostile templates end quickly, with an error that names the exceeded limit.
struct ChatTemplateHostileTests {
    private func expectTooCostly(_ source: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let clock = ContinuousClock()
        let time = clock.measure {
            do {
                _ = try rendered(source, limits: .init(steps: 1_000_000, characters: 4_000_000))
                Issue.record("was rendered", sourceLocation: sourceLocation)
            } catch {
                if case .tooCostly? = error as? ChatTemplateError { return }
                Issue.record("\(error)", sourceLocation: sourceLocation)
            }
        }
        #expect(time < .limit(seconds: 10), sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        // Loops.
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(100001) %}{% endfor %}",
        "{% for a in range(-9223372036854775807, 9223372036854775807) %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro f(a) %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}",
        // Texts.
        "{{ 'a' * 999999999999 }}", "{{ ('a' * 9999999) * 9223372036854775807 }}", "{{ [1] * 999999999 }}",
        "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s.replace('a', ns.s) %}{% endfor %}",
        "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set ns.s = ns.s.join(ns.s) %}{% endfor %}",
        "{% for i in range(99999) %}{{ 'a' * 100000 }}{% endfor %}", "{{ 'a'.center(99999999999) }}",
        "{{ 'a'.ljust(9223372036854775807) }}", "{{ '{:4000000000}'.format(1) }}", "{{ '%999999999s' % 1 }}",
        "{{ 'a'|indent(99999999999, true) }}",
        "{{ ('a\\n' * 999999)|indent(99999) }}", "{{ [[[]]]|tojson(indent=999999999) }}",
        "{{ '0'.zfill(99999999999) }}", "{{ [1]|batch(99999999999, 0)|list }}",
        "{{ [1]|slice(99999999999)|list }}",
        // Values in each other, and values that share their parts.
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}",
        "{% set ns = namespace(x=[], y=[]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        "{% set ns = namespace(x=[], y=[]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x < ns.y }}",
        // Comparing and searching long texts over and over.
        "{% set a = 'a' * 999999 %}{% set b = 'a' * 999998 ~ 'b' %}{% for i in range(99999) %}{{ a == b }}{% endfor %}",
        "{% set a = 'a' * 999999 %}{% for i in range(99999) %}{{ 'b' in a }}{% endfor %}",
        "{% set a = 'a' * 999999 %}{% for i in range(99999) %}{{ a.upper()|length }}{% endfor %}",
        "{% set a = 'a' * 999999 %}{% for i in range(99999) %}{{ {a: 1}[a] }}{% endfor %}",
        "{% set a = 'a' * 999999 %}{% for i in range(99999) %}{% for c in a %}{% endfor %}{% endfor %}",
    ])
    func isTooCostly(_ source: String) { expectTooCostly(source) }

    @Test(arguments: ["-9223372036854775808", "9223372036854775807", "-301", "301"])
    func digitsAreBounded(_ precision: String) {
        #expect(throws: ChatTemplateError.self) { try rendered("{{ 1.5|round(\(precision)) }}") }
    }

    @Test func nestingIsBounded() {
        for (open, close) in [
            ("(", ")"), ("[", "]"), ("{1:", "}"), ("-", ""), ("not ", ""), ("a if b else ", ""), ("f(", ")"),
            ("a[", "]"),
        ] {
            let depth = 60_000
            expectTooCostly(
                "{{ " + String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
                    + " }}")
        }
        for tail in [".a", "[0]", "|upper", "()"] {
            expectTooCostly("{{ a" + String(repeating: tail, count: 60_000) + " }}")
        }
        expectTooCostly(String(repeating: "{% if a %}", count: 60_000))
        expectTooCostly(String(repeating: "{% for a in b %}", count: 60_000))
        expectTooCostly(
            "{% set " + String(repeating: "(", count: 60_000) + "a" + String(repeating: ")", count: 60_000)
                + " = 1 %}")
        expectTooCostly(String(repeating: "x", count: 3_000_000))
    }

    /// A thread of a pool has 512 KiB of stack on some systems.
    @Test func littleStackIsEnough() throws {
        let deep = [
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
            "{% macro f(a) %}{{ [(1, {'a': f(a) ~ 'x'})]|map('string')|join if not (a or b) else 0 }}{% endmacro %}{{ f() }}",
            "{% macro f() %}{% for a in [1] %}{% if 1 %}{% filter upper %}{% set x %}{{ f() }}{% endset %}{{ x }}"
                + "{% endfilter %}{% endif %}{% endfor %}{% endmacro %}{{ f() }}",
            "{{ " + String(repeating: "(1 + [", count: 30) + "1" + String(repeating: "][0])", count: 30)
                + " }}",
            "{{ " + String(repeating: "f(a=", count: 60) + "1" + String(repeating: ")", count: 60) + " }}",
            String(repeating: "{% if 1 %}", count: 60) + "a" + String(repeating: "{% endif %}", count: 60),
            "{% set n = namespace(x=[1]) %}{% for i in range(98) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}{{ n.x|tojson }}"
                + "{{ n.x == n.x }}",
        ]
        let thread = Thread { for source in deep { _ = try? rendered(source) } }
        thread.stackSize = 512 << 10
        thread.start()
        while !thread.isFinished { Thread.sleep(forTimeInterval: 0.001) }
    }

    /// Long, but not deep: sums, chains of conditions, many statements.
    @Test func longTemplatesAreAllowed() throws {
        let many = 20_000
        #expect(try rendered("{{ 1" + String(repeating: "+1", count: many) + " }}") == "\(many + 1)")
        #expect(try rendered("{{ 1" + String(repeating: "~1", count: many) + " }}").count == many + 1)
        #expect(try rendered("{{ 0" + String(repeating: " or 0", count: many) + " }}") == "0")
        #expect(
            try rendered(
                "{% if 0 %}" + String(repeating: "{% elif 0 %}", count: many) + "{% else %}a{% endif %}")
                == "a")
        #expect(try rendered(String(repeating: "{% set a = 1 %}{{ a }}", count: many)).count == many)
    }

    /// A namespace can hold itself; that neither leaks nor hangs.
    @Test func valuesInCircles() throws {
        #expect(
            try rendered("{% set n = namespace() %}{% set n.n = n %}{{ n.n.n.n is defined }}{{ n == n }}")
                == "TrueTrue")
        #expect(
            try rendered(
                "{% set n = namespace(n=0) %}{% for i in range(9999) %}{% set n = namespace(n=n) %}{% endfor %}a"
            ) == "a")
    }

    @Test func aLongConversationIsFine() throws {
        let source = "{% for m in messages %}{{ '<' + m.role + '>' + m.content|trim + '\\n' }}{% endfor %}"
        let text = String(repeating: "word ", count: 1000)
        let messages = (0..<1000).map { ChatMessage($0 % 2 == 0 ? .user : .assistant, text) }
        #expect(try rendered(source, [:], messages).count > 4_900_000)
    }

    @Test func deepArgumentsAreRefused() throws {
        var value = ChatValue.null
        for _ in 0..<300 { value = [value] }
        #expect(throws: ChatTemplateError.tooDeep(limit: 100)) {
            try rendered("a", [:], [ChatMessage(.user, value)])
        }
    }

    @Test func limitsCanBeChosen() throws {
        let source = "{% for i in range(100) %}{{ i }}{% endfor %}"
        #expect(try rendered(source).count == 190)
        #expect(throws: ChatTemplateError.self) { try rendered(source, limits: .init(steps: 50)) }
        #expect(throws: ChatTemplateError.self) { try rendered(source, limits: .init(characters: 50)) }
    }
}
