import AttentionFiles
import Testing

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    private func problem(_ bytes: [UInt8]) -> JSONError.Problem? {
        do throws(JSONError) {
            _ = try JSONValue(parsing: bytes)
            return nil
        } catch {
            #expect((0...bytes.count).contains(error.offset), "\(error)")
            return error.problem
        }
    }

    @Test func readsEveryKindOfValue() throws {
        let text =
            #" {"a" : [1, -2, 0, 1.5, -1e3, true, false, null], "b":{"":[]},"c":"x\n\u00e9\ud83d\ude00\/"} "#
        let value = try parse(text)
        #expect(
            value["a"]
                == .array([
                    .integer(1), .integer(-2), .integer(0), .number(1.5), .number(-1000), .bool(true),
                    .bool(false),
                    .null,
                ]))
        #expect(value["b"]?[""] == .array([]))
        #expect(value["c"] == .string("x\né😀/"))
    }

    @Test func integersAreExactUpToTheirLimits() throws {
        #expect(try parse("9223372036854775807") == .integer(.max))
        #expect(try parse("-9223372036854775808") == .integer(.min))
        #expect(try parse("9007199254740993") == .integer(9_007_199_254_740_993))
        #expect(try parse("1000000000000000019884624838656") == .number(1e30))
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
        #"{"a":1 "b":2}"#, "{1:2}", "[1 2]", "1 2", "tru", "nul", "True", "NaN", "Infinity", "-", "+1", "01",
        "1.",
        ".5", "1e", "1e+", "0x10", "'a'", "\"a", "\"a\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"",
        "\u{FEFF}{}", "{}\0", "// x\n1",
    ])
    func refusesWhatIsNoJSON(_ text: String) {
        #expect(problem(Array(text.utf8)) == .syntax)
    }

    @Test(arguments: [
        #"{"a":1,"a":1}"#, #"{"a":1,"b":{"c":[],"c":[]}}"#, #"{"a":1,"\u0061":2}"#,
        "{\"\u{E9}\":1,\"e\u{301}\":2}",
    ])
    func refusesNamesThatStandTwice(_ text: String) {
        #expect(problem(Array(text.utf8)) == .duplicateKey)
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800x""#, #""\ud800\n""#, #""\ude00\ud83d""#,
    ])
    func refusesHalfASurrogatePair(_ text: String) {
        #expect(problem(Array(text.utf8)) == .encoding)
    }

    @Test(
        arguments: [[0xFF], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]]
            as [[UInt8]])
    func refusesInvalidUTF8(_ bytes: [UInt8]) {
        let quote = [UInt8(ascii: "\"")]
        #expect(problem(quote + bytes + quote) == .encoding)
        #expect(problem(quote + Array(#"\n"#.utf8) + bytes + quote) == .encoding)
    }

    @Test func marksPileUpOnlySoFar() throws {
        for mark in ["\u{301}", "\u{F73}"] {
            let pile = { "\"e" + String(repeating: mark, count: $0) + "e\"" }
            #expect(throws: Never.self) { try parse(pile(30)) }
            #expect(problem(Array(pile(31).utf8)) == .encoding)
        }
    }

    @Test func refusesNumbersThatNothingHolds() {
        #expect(problem(Array("1e999".utf8)) == .number)
    }

    @Test func depthIsBounded() throws {
        let limit = JSONScanner.greatestDepth
        let nested = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(throws: Never.self) { try parse(nested(limit)) }
        #expect(problem(Array(nested(limit + 1).utf8)) == .depth)
        #expect(problem(Array(nested(1_000_000).utf8)) == .depth)
        // Depth is what is open, not what has been opened.
        #expect(throws: Never.self) {
            try parse("[" + Array(repeating: "[]", count: 200).joined(separator: ",") + "]")
        }
    }

    @Test func errorsSayWhere() {
        let error = #expect(throws: JSONError.self) { try parse(#"{"a": 1, "b": x}"#) }
        #expect(error?.offset == 14)
        #expect(error?.description == "byte 14: expected a value, found 'x'")
    }

    @Test func namesAreSafeToPrint() {
        #expect(quoted("a\u{1B}[31m\u{202E}\n") == #"'a\u{1B}[31m\u{202E}\u{A}'"#)
        #expect(quoted(String(repeating: "x", count: 1000)).count < 130)
    }
}
