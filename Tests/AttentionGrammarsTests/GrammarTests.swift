import AttentionGrammars
import TestSupport
import Testing

@Suite struct GrammarTests {
    private static let arithmetic = #"""
        root ::= (expr "=" ws term "\n")+
        expr ::= term ([-+*/] term)*
        term ::= ident | num | "(" ws expr ")" ws
        ident ::= [a-z] [a-z0-9_]* ws
        num ::= [0-9]+ ws
        ws ::= [ \t\n]*
        """#

    @Test(arguments: [
        (#"root ::= "a" "bc" | "d""#, ["abc", "d"], ["", "ab", "abcd", "dd"]),
        (#"root ::= "a"*"#, ["", "a", "aaaa"], ["b", "ab"]),
        (#"root ::= ("a"*)*"#, ["", "a", "aaaa"], ["b", "aab"]),
        (#"root ::= (("a"?)+)? "b""#, ["b", "aab"], ["", "a", "ba"]),
        (#"root ::= "ab"+ "c"?"#, ["ab", "ababc"], ["", "abb", "c"]),
        (#"root ::= "a"{3}"#, ["aaa"], ["aa", "aaaa"]),
        (#"root ::= "a"{2,}"#, ["aa", "aaaaa"], ["", "a"]),
        (#"root ::= [ab]{2,3} "b""#, ["aab", "abb", "bbbb"], ["ab", "b", "aaaab"]),
        (
            #"root ::= "x"{100,200}"#, [String(repeating: "x", count: 150)],
            ["x", String(repeating: "x", count: 99)]
        ),
        (#"root ::= "a"{0}"#, [""], ["a"]),
        (
            #"root ::= ("a" | "aa"){40,50}"#, [String(repeating: "a", count: 90)],
            [String(repeating: "a", count: 39)]
        ),
        (#"root ::= [^\n"] "é" ."#, ["xé漢", "😀é\n"], ["\né漢", "\"éa", "é"]),
        (
            #"root ::= [\u3040-\u309F]+ | [\U0001F600-\U0001F64F] | "\x41""#, ["ひらがな", "😀", "A"],
            ["カ", "🚀", "B"]
        ),
        (#"root ::= [\]\-a^]+"#, ["]-a^"], ["b"]),
        (#"root ::= [a-]+"#, ["a-a"], ["b"]),
        (
            "root ::= a |\n  b # or\na ::= \"x\"\nb ::= (\n \"y\" # nested\n \"z\"\n)\n", ["x", "yz"],
            ["y", "xyz"]
        ),
        // Recursion in every place.
        (#"root ::= root "+" "1" | "1""#, ["1", "1+1+1"], ["", "1+", "+1"]),
        (#"root ::= "(" root ")" | """#, ["", "()", "((()))"], ["(", "(()", ")("]),
        (#"root ::= "a" root | "b""#, ["b", "aaab"], ["a", "ba"]),
        (
            "root ::= a\na ::= n b \"x\" | \"y\"\nb ::= a\nn ::= \"n\"?", ["y", "yx", "nyx", "nnyxx"],
            ["x", "ny"]
        ),
        ("root ::= root root | \"a\" | \"\"", ["", "a", "aaaaaaa"], ["b"]),
        (#"root ::= "a" root "a" | "b" root "b" | """#, ["", "abba", "aabbaa"], ["ab", "aba"]),
        // Parts that nothing matches.
        (#"root ::= "a" | "b" [] | "c" c"# + "\nc ::= \"c\" c", ["a"], ["b", "c", "ccc"]),
        (arithmetic, ["a=1\n", "x +(1*y)=z\n", "(a)= 2 \nb=3\n"], ["", "a", "a+=1\n", "(a=1\n", "a=b+c"]),
    ])
    func readsWhatItSays(text: String, accepted: [String], refused: [String]) throws {
        let grammar = try Grammar(text)
        for text in accepted { #expect(try grammar.matches(text), "\(text.debugDescription)") }
        for text in refused { #expect(try !grammar.matches(text), "\(text.debugDescription)") }
    }

    @Test func anotherRoot() throws {
        let grammar = try Grammar("a ::= \"x\" b\nb ::= \"y\"", root: "b")
        #expect(try grammar.matches("y"))
    }

    @Test(arguments: [
        ("root ::= *", GrammarError.Problem.syntax, 1, 10),
        ("root ::= \"a\" | +", .syntax, 1, 16),
        ("root ::= ({2} \"a\")", .syntax, 1, 11),
        ("root ::= \"a\"{0,1000000000}", .tooLarge, 1, 16),
        ("root ::= \"a\"{99999999999999999999999999}", .tooLarge, 1, 14),
        ("root ::= \"a\"{2,1}", .syntax, 1, 13),
        ("root ::= \"a\"{-1}", .syntax, 1, 14),
        ("root ::= \"a\"{1.5}", .syntax, 1, 15),
        ("root ::= \"a\"{1", .syntax, 1, 15),
        ("root ::= a\nb ::= \"x\"", .undefinedRule, 1, 10),
        ("other ::= \"a\"", .undefinedRule, 0, 0),
        ("", .undefinedRule, 0, 0),
        ("root ::= \"a\"\n\nroot ::= \"b\"", .repeatedRule, 3, 1),
        ("root ::= \"a", .syntax, 1, 12),
        ("root ::= [a", .syntax, 1, 12),
        ("root ::= [z-a]", .syntax, 1, 11),
        ("root ::= (\"a\"", .syntax, 1, 14),
        ("root ::= \"a\")", .syntax, 1, 13),
        ("root ::= \"\\q\"", .syntax, 1, 11),
        ("root ::= \"\\ud800\"", .syntax, 1, 13),
        ("root ::= \"\\U00110000\"", .syntax, 1, 13),
        ("root ::= \"\\x4\"", .syntax, 1, 14),
        ("root = \"a\"", .syntax, 1, 6),
        ("root \"a\"", .syntax, 1, 6),
        ("::= \"a\"", .syntax, 1, 1),
        ("root ::= é", .syntax, 1, 10),
        ("root ::= <think> \"a\"", .unsupported, 1, 10),
        ("root ::= !<[10]>", .unsupported, 1, 10),
        ("x ::= \"\"\nroot ::= root \"a\"", .neverMatches, 2, 1),
        ("root ::= []", .neverMatches, 1, 1),
        ("root ::= a{1000000} \na ::= b{1000000}\nb ::= [a-z]{1000000} [", .syntax, 3, 23),
    ])
    func namesWhatIsWrong(text: String, problem: GrammarError.Problem, line: Int, column: Int) {
        expect(problem, in: text, line: line, column: column)
    }

    /// Not among the arguments above, which the test log prints in full.
    @Test func namesWhatIsTooLarge() {
        let nested = String(repeating: "(", count: 60_000) + "\"a\"" + String(repeating: ")", count: 60_000)
        expect(.tooLarge, in: "root ::= \(nested)", line: 1, column: 266)
        expect(.tooLarge, in: String(repeating: "a", count: 1 << 20) + "a", line: 0, column: 0)
    }

    private func expect(_ problem: GrammarError.Problem, in text: String, line: Int, column: Int) {
        let error = #expect(throws: GrammarError.self) { try Grammar(text) }
        #expect(error?.problem == problem, "\(error.map { "\($0)" } ?? "")")
        #expect(error?.line == line && error?.column == column, "\(error.map { "\($0)" } ?? "")")
    }

    @Test func countsAreNoStates() throws {
        let grammar = try Grammar("root ::= a{1000000} \na ::= b{1000000}\nb ::= [a-z]{1000000}")
        var matcher = try GrammarMatcher(grammar)
        #expect(try matcher.advance(String(repeating: "x", count: 3000)))
        #expect(!matcher.isComplete)
    }

    /// Grammars whose expansion is large are read, or refused as too large, in a short time.
    @Test(arguments: [
        (0..<200).map { "r\($0) ::= r\($0 + 1) r\($0 + 1)\n" }.joined() + "r200 ::= \"a\"?\nroot ::= r0",
        (0..<200).map { "r\($0) ::= (r\($0 + 1) | r\($0 + 1) \"b\") \"a\"\n" }.joined()
            + "r200 ::= \"a\"\nroot ::= r0",
        (0..<200).map { "r\($0) ::= r\($0 + 1){2}\n" }.joined() + "r200 ::= \"a\"{0,30}\nroot ::= r0",
        "root ::= [ab]* \"a\" " + String(repeating: "[ab] ", count: 30),
        "root ::= " + String(repeating: "(", count: 200) + "\"a\"" + String(repeating: ")*", count: 200),
        "root ::= " + String(repeating: "(", count: 200) + "\"a\"" + String(repeating: "){3}", count: 200),
        "root ::= " + String(repeating: "\"a\"? ", count: 500),
        "root ::= " + (0..<2000).map { "\"\($0)\"" }.joined(separator: " | "),
        "root ::= (\"a\" | \"a\" root \"a\" | root root)*",
    ])
    func growthIsBounded(text: String) throws {
        let time = try ContinuousClock().measure {
            do {
                let grammar = try Grammar(text)
                var matcher = try GrammarMatcher(grammar)
                try matcher.advance(String(repeating: "a", count: 300))
            } catch let error as GrammarError {
                #expect(error.problem == .tooLarge)
            } catch is GrammarMatchError {}
        }
        #expect(time < .limit(seconds: 10))
    }

    @Test func longTextsTakeLinearTimeAndLittleMemory() throws {
        for text in [
            "root ::= \"a\" root | \"b\"", "root ::= root \"a\" | \"a\"", "root ::= \"a\"{0,1000000}",
        ] {
            var matcher = try GrammarMatcher(try Grammar(text))
            #expect(try matcher.advance(String(repeating: "a", count: 50_000)))
            #expect(matcher.openRuleCount < 3000, "\(text)")
        }
    }

    @Test func aRefusedByteChangesNothing() throws {
        var matcher = try GrammarMatcher(try Grammar("root ::= (\"ab\" | \"é\")*"))
        #expect(try matcher.advance("a"))
        #expect(try !matcher.advance("x"))
        #expect(!matcher.isComplete)
        #expect(try matcher.advance(UInt8(ascii: "b")))
        #expect(matcher.isComplete)
        #expect(try matcher.advance(UInt8(0xC3)))
        #expect(!matcher.isComplete)
        #expect(try !matcher.advance(UInt8(0xA8)))
        #expect(try matcher.advance(UInt8(0xA9)))
        #expect(matcher.isComplete && matcher.canContinue)
    }
}
