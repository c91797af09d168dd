import AttentionJSON
import Testing

@Suite struct JSONDocumentTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONDocument(Array(text.utf8), name: "test.json").root
    }

    @Test func readsEveryKindOfValue() throws {
        let root = try parse(
            #" {"a": [1, -20, 3.5e2], "b": {"c": "x", "d": {}}, "": [], "t": true, "f": false, "n": null} "#)
        let numbers = try #require(root["a"]?.elements)
        #expect(numbers.map(\.integerValue) == [1, -20, nil])
        #expect(numbers.map(\.doubleValue) == [1, -20, 350])
        #expect(root["b"]?["c"]?.stringValue == "x")
        #expect(root[""]?.elements?.isEmpty == true)
        #expect(root["t"]?.boolValue == true && root["f"]?.boolValue == false && root["n"]?.isNull == true)
        #expect(root["absent"] == nil && numbers[0]["a"] == nil)
        #expect(root["b"]?.members?.map(\.name) == ["c", "d"] as [ExactString])
        #expect(root.members?.map(\.value.description).last == "null")
        for value in [root, numbers[0]] {
            #expect(value.stringValue == nil && value.boolValue == nil && value.elements == nil)
        }
        #expect(numbers[0].members == nil && root.integerValue == nil && root.doubleValue == nil)
        #expect(root.memberBound >= 6)
    }

    @Test func integersAreExactUpToTheirLimits() throws {
        #expect(try parse("9223372036854775807").integerValue == .max)
        #expect(try parse("-9223372036854775808").integerValue == .min)
        #expect(try parse("9007199254740993").integerValue == 9_007_199_254_740_993)
        for text in ["9223372036854775808", "-9223372036854775809", "1.0", "1e0"] {
            #expect(try parse(text).integerValue == nil)
        }
        #expect(try parse("1000000000000000019884624838656").doubleValue == 1e30)
    }

    @Test func decodesEscapes() throws {
        let root = try parse(
            #"["\"\\\/\b\f\n\r\t", "\u00e9\u4E2D", "\ud83d\ude00x\u0000", "é中😀", "a\nb\u0301", ""]"#)
        #expect(
            root.elements?.map(\.stringValue)
                == ["\"\\/\u{8}\u{C}\n\r\t", "é中", "😀x\0", "é中😀", "a\nb\u{301}", ""])
        #expect(try parse(##"{"\u0061\"": 1}"##)["a\""]?.integerValue == 1)
    }

    @Test func valuesKnowTheirPlace() throws {
        let root = try parse(###"{"a": [{}, {"b_1": {"##ing": [0, [7]]}}]}"###)
        let value = root["a"]?.elements?[1]["b_1"]?["##ing"]?.elements?[1].elements?[0]
        #expect(value?.integerValue == 7)
        #expect(value?.path == ###"a[1].b_1["##ing"][1][0]"###)
        #expect(root.path == "" && root.path(of: "x") == "x")
        #expect(root["a"]?.elements?[0].path(of: "x") == "a[0].x")
        #expect(root.path(of: "\u{1B}[2J") == #"["\u{1B}[2J"]"#)
        #expect(root.path(of: String(repeating: "x", count: 1000)).count < 200)
    }

    /// To a vocabulary they are two tokens, of which each has an id.
    @Test func namesDifferIfTheirBytesDo() throws {
        let root = try parse("{\"\u{E9}\": 1, \"e\u{301}\": 2, \"\u{212B}\": 3, \"\u{C5}\": 4}")
        #expect(root["\u{E9}"]?.integerValue == 1 && root["e\u{301}"]?.integerValue == 2)
        #expect(root["\u{212B}"]?.integerValue == 3 && root["\u{C5}"]?.integerValue == 4)
        let ids: [ExactString: Int] = ["\u{E9}": 1, "e\u{301}": 2, "\u{212B}": 3, "\u{C5}": 4]
        #expect(try JSONValueDecoder.decode([ExactString: Int].self, from: root) == ids)
        #expect(
            root.members.map { Array($0) }?.allSatisfy { ids[$0.name] == $0.value.integerValue } == true)
    }

    @Test func manyNamesAreToldApart() throws {
        let names = (0..<20_000).map { "n\($0)" }
        let members = names.map { "\"\($0)\":0" }.joined(separator: ",")
        #expect(try parse("{\(members)}").members?.map(\.name.string) == names)
        for name in ["n0", "n7777", "n19999", #"\u006e5"#] {
            let error = #expect(throws: JSONError.self) { try parse("{\(members),\"\(name)\":0}") }
            #expect(error?.problem == .duplicateKey && error?.offset == members.utf8.count + 2)
        }
    }
}
