import AttentionTokenizers
import Testing

@Suite struct JSONDocumentTests {
    private func document(_ text: String) throws -> JSONDocument {
        try JSONDocument(Array(text.utf8), name: "test.json")
    }

    @Test func readsEveryKindOfValue() throws {
        let root = try document(
            #" {"a": [1, -20, 3.5e2], "b": {"c": "x", "d": {}}, "e": [], "t": true, "f": false, "n": null} "#
        ).root
        let numbers = try root.required("a").array()
        #expect(try numbers.map { try $0.integer() } == [1, -20, nil])
        #expect(try root.required("b").required("c").string() == "x")
        #expect(try root.required("e").array().isEmpty)
        #expect(try root.required("t").bool() && !root.required("f").bool())
        #expect(try root.optional("n")?.path == nil)
        #expect(try root.optional("absent")?.path == nil)
        #expect(numbers[1].path == "a[1]")
        #expect(try root.required("b").required("d").path == "b.d")
    }

    @Test func decodesEscapes() throws {
        let root = try document(
            #"["\"\\\/\b\f\n\r\t", "\u00e9\u4E2D", "\ud83d\ude00x\u0000", "é中😀", "a\nb\u0301"]"#
        ).root
        let strings = try root.array().map { try $0.string() }
        #expect(strings == ["\"\\/\u{8}\u{C}\n\r\t", "é中", "😀x\0", "é中😀", "a\nb\u{301}"])
    }

    @Test(arguments: [
        "", "   ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
        "{1:2}",
        "[1 2]", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\u{1}\"", "tru", "nul", "truex", "01", "1.",
        ".5", "-", "1e", "+1", "NaN", "[1]]", "[1}", "{\"a\":1]", "1 1", "\u{FEFF}1",
        #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\ud83d""#, #""\ud83d\u0041""#,
    ])
    func refusesWhatIsNotJSON(text: String) {
        let error = #expect(throws: TokenizerError.self) { try document(text) }
        guard case .invalidJSON("test.json", let offset, _) = error else { return }
        #expect((0...text.utf8.count).contains(offset))
    }

    @Test func refusesInvalidUTF8AndSaysWhere() {
        #expect(
            throws: TokenizerError.invalidJSON(file: "bad", offset: 3, reason: "not valid UTF-8")
        ) { try JSONDocument([0x22, 0xC3, 0xA9, 0xFF, 0x22], name: "bad") }
    }

    @Test func boundsNesting() throws {
        let deep = { (levels: Int) in
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        _ = try document(deep(128))
        #expect(throws: TokenizerError.self) { try document(deep(129)) }
        #expect(throws: TokenizerError.self) { try document(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: TokenizerError.self) { try document(String(repeating: "{\"a\":", count: 1_000_000)) }
    }

    @Test func refusesAMemberThatAppearsTwice() throws {
        let root = try document(#"{"a": 1, "b": 2, "a": 3}"#).root
        #expect(try root.required("b").count() == 2)
        #expect(throws: TokenizerError.self) { try root.required("a") }
    }
}
