import AttentionJSON
import Testing

@Suite struct JSONGrammarTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONDocument(Array(text.utf8), name: "test.json").root
    }

    private func problem(_ bytes: [UInt8]) -> JSONError.Problem? {
        do throws(JSONError) {
            _ = try JSONDocument(bytes, name: "test.json")
            return nil
        } catch {
            #expect((0...bytes.count).contains(error.offset), "\(error)")
            return error.problem
        }
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
        #"{"a":1 "b":2}"#, "{1:2}", "[1 2]", "1 2", "tru", "nul", "True", "NaN", "Infinity", "-", "+1", "01",
        "1.",
        ".5", "1e", "1e+", "0x10", "'a'", "\"a", "\"a\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"",
        "\u{FEFF}{}", "{}\0", "// x\n1", "truex", "[1]]", "[1}", "{\"a\":1]", "{a:1}", "\"\u{1}\"",
        "\"\\ud83d\\u12\"",
    ])
    func refusesWhatIsNoJSON(_ text: String) {
        #expect(problem(Array(text.utf8)) == .syntax)
    }

    /// Control characters stand in strings as escapes only.
    @Test(arguments: UInt8(0)...0x22)
    func controlCharactersAreEscaped(_ byte: UInt8) {
        let expected: JSONError.Problem? = byte < 0x20 || byte == 0x22 ? .syntax : nil
        #expect(problem([0x22, 0x61, byte, 0x61, 0x22]) == expected)
    }

    @Test(arguments: [
        #"{"a":1,"a":1}"#, #"{"a":1,"b":{"c":[],"c":[]}}"#, #"{"a":1,"\u0061":2}"#,
        #"{"\ud83d\ude00":1,"😀":2}"#, #"{"\n":1,"\u000A":2}"#, #"{"":1,"":2}"#,
    ])
    func refusesNamesThatStandTwice(_ text: String) {
        #expect(problem(Array(text.utf8)) == .duplicateKey)
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800x""#, #""\ud800\n""#, #""\ude00\ud83d""#,
        #""\ud83d\u0041""#, #"{"\ud800":1}"#,
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

    @Test func saysWhereTheUTF8Breaks() {
        let error = #expect(throws: JSONError.self) {
            try JSONDocument([0x22, 0xC3, 0xA9, 0xFF, 0x22], name: "test.json")
        }
        #expect(error?.description == "byte 3: expected UTF-8, found byte 0xFF")
    }

    /// In time that grows with the square of their number, dictionaries and `==` sort marks.
    @Test func marksPileUpOnlySoFar() throws {
        for mark in ["\u{301}", "\u{F73}", #"\u0301"#] {
            let pile = { "\"e" + String(repeating: mark, count: $0) + "e\"" }
            #expect(throws: Never.self) { try parse(pile(30)) }
            for count in [31, 300_000] {
                #expect(problem(Array(pile(count).utf8)) == .encoding)
                #expect(problem(Array("{\(pile(count)):1}".utf8)) == .encoding)
            }
        }
    }

    /// JSON bounds no number. What a double cannot hold is kept as it is written, and is no double.
    @Test func numbersOfAnySize() throws {
        let digits = String(repeating: "9", count: 400)
        for text in ["1e999", "-1e999", digits, "-" + digits, digits + ".5", "1e99999999999999999999"] {
            let value = try parse(text)
            #expect(value.isNumber && value.literal == text)
            #expect(value.doubleValue == nil && value.integerValue == nil)
            for decode in [
                { _ = try JSONValueDecoder.decode(Double.self, from: value) },
                { _ = try JSONValueDecoder.decode(Float.self, from: value) },
                { _ = try JSONValueDecoder.decode(Int.self, from: value) },
            ] {
                #expect(throws: DecodingError.self) { try decode() }
            }
        }
        #expect(throws: DecodingError.self) { try JSONValueDecoder.decode(Float.self, from: parse("1e39")) }
        #expect(try JSONValueDecoder.decode(Float.self, from: parse("1e38")) == 1e38)
        #expect(try parse("1e-999").doubleValue == 0)
    }

    @Test func depthIsBounded() throws {
        let limit = JSONScanner.greatestDepth
        let nested = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(throws: Never.self) { try parse(nested(limit)) }
        #expect(problem(Array(nested(limit + 1).utf8)) == .depth)
        #expect(problem(Array(nested(1_000_000).utf8)) == .depth)
        #expect(problem(Array(String(repeating: #"{"a":"#, count: 1_000_000).utf8)) == .depth)
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
