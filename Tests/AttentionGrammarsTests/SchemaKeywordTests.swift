import AttentionGrammars
import TestSupport
import Testing

/// Keywords beside each other, as the grammar writes them by default.
@Suite struct SchemaKeywordTests {
    private typealias Case = SchemaTests.Case

    private static let cases: [Case] = [
        // Equality.
        Case(##"{"oneOf": [{"const": 1}, {"const": 1.0}, {"const": 2}]}"##, ["2"], ["1", "1.0"]),
        Case(
            ##"{"oneOf": [{"const": {"a": 1, "b": 2}}, {"const": {"b": 2, "a": 1.0}}, {"const": 0}]}"##,
            ["0"], [##"{"a":1,"b":2}"##, ##"{"b":2,"a":1}"##]),
        Case(##"{"allOf": [{"enum": [1, 2]}, {"const": 1.0}]}"##, ["1"], ["2"]),
        Case(##"{"enum": [1, 2, "a"], "minimum": 2, "minLength": 2}"##, ["2"], ["1", ##""a""##]),
        Case(
            ##"{"not": {"const": [1, {"a": 2}]}, "maxItems": 2}"##, ["[]", "[1]", "[1,2]"],
            [##"[1,{"a":2}]"##]),
        // Names and strings, by their scalars.
        Case(
            "{\"type\": \"object\", \"properties\": {\"\u{E9}\": {}}, \"required\": [\"\u{E9}\", \"e\u{301}\"]}",
            ["{\"\u{E9}\":1,\"e\u{301}\":2}"], ["{\"\u{E9}\":1}", "{\"e\u{301}\":1}"]),
        Case(
            "{\"enum\": [\"\u{E9}\", \"e\u{301}\"]}", ["\"\u{E9}\"", "\"e\u{301}\""], ["\"e\""]),
        Case(
            "{\"oneOf\": [{\"const\": \"\u{E9}\"}, {\"const\": \"e\u{301}\"}]}",
            ["\"\u{E9}\"", "\"e\u{301}\""], []),
        Case(
            "{\"properties\": {\"\u{E9}\": {}, \"x\": {}}, \"additionalProperties\": false}",
            ["{\"\u{E9}\":1}"], ["{\"e\u{301}\":1}"]),
        // Annotations.
        Case(
            ##"{"properties": {"a": {"type": "null", "nullable": true, "x-order": 1}}, "discriminator": {"propertyName": "a"}}"##,
            [##"{"a":null}"##], [##"{"a":1}"##]),
        Case(##"{"type": "integer", "format": "int64"}"##, ["5"], [##""5""##]),
        // Strings.
        Case(
            ##"{"pattern": "^a|b$", "maxLength": 3}"##, [##""axx""##, ##""xxb""##, ##""ab""##],
            [##""xax""##, ##""axxx""##]),
        Case(##"{"pattern": "^\\p{Lu}\\p{Ll}*$"}"##, [##""Über""##, ##""Σ""##], [##""über""##, ##""U1""##]),
        Case(##"{"pattern": "^\\P{L}+$"}"##, [##""1\n2""##], [##""1a""##]),
        Case(##"{"pattern": "\\bend$"}"##, [##""the end""##, ##""end""##], [##""bend""##, ##""end.""##]),
        Case(##"{"pattern": "^[^\\u0041-\\u005a\\ud83d\\ude00]$"}"##, [##""a""##], [##""A""##, ##""😀""##]),
        Case(##"{"pattern": "^(?!.*--)(?=.{3,5}$)[a-z-]*$"}"##, [##""a-b""##], [##""a--b""##, ##""ab""##]),
        Case(##"{"pattern": "^x{2}{y}$"}"##, [##""xx{y}""##], [##""xxy""##]),
        Case(
            ##"{"format": "date"}"##, [##""2024-02-29""##, ##""2000-02-29""##],
            [##""2023-02-29""##, ##""1900-02-29""##, ##""0000-01-01""##]),
        Case(
            ##"{"format": "email", "maxLength": 9}"##, [##""a.b@c.de""##],
            [##""a..b@c.de""##, ##""a@b@c""##, ##""abcde@c.de""##]),
        Case(
            ##"{"format": "uri"}"##, [##""https://a.b/c?d=%20#e""##, ##""mailto:x""##],
            [##""a b:c""##, ##""/a""##]),
        Case(
            ##"{"format": "ipv6"}"##, [##""::""##, ##""1::8""##, ##""::1.2.3.4""##],
            [##""1::2::3""##, ##"":1""##]),
        Case(##"{"format": "hostname"}"##, [##""a-b.example""##], [##""-a""##, ##""a_b""##, ##""ab--c""##]),
        Case(
            ##"{"format": "duration"}"##, [##""P1Y2M3DT4H""##, ##""P4W""##],
            [##""P""##, ##""PT""##, ##""P1Y2D""##]),
        // Numbers.
        Case(
            ##"{"minimum": 0.5, "exclusiveMaximum": 1.25}"##, ["0.5", "0.50", "1", "1.249999"],
            ["0.49", "1.25", "1.250", "0.499999", "-1"]),
        Case(
            ##"{"minimum": -1.5, "maximum": -0.25}"##, ["-1.5", "-0.25", "-1"], ["-1.51", "-0.2", "0", "1"]),
        Case(##"{"multipleOf": 0.01, "minimum": 0}"##, ["0.01", "3.1", "7", "0.010"], ["0.001", "1.005"]),
        Case(##"{"type": "integer", "multipleOf": 12}"##, ["0", "-24", "132"], ["13", "6", "12.0"]),
        Case(
            ##"{"type": "integer", "minimum": 9223372036854775806, "maximum": 9223372036854775808}"##,
            ["9223372036854775806", "9223372036854775808"], ["9223372036854775805", "9223372036854775809"]),
        Case(##"{"type": "integer", "not": {"multipleOf": 2}}"##, ["1", "-3"], ["0", "22"]),
        Case(##"{"oneOf": [{"type": "integer"}, {"type": "number"}]}"##, ["0.5"], ["1", "1.0"]),
        Case(
            ##"{"minimum": 1, "exclusiveMinimum": true, "maximum": 3, "exclusiveMaximum": false}"##,
            ["1.5", "3"], ["1", "1.0", "3.1"]),
        // Of two bounds the narrower one counts, whichever comes first.
        Case(
            ##"{"allOf": [{"minimum": 1}, {"exclusiveMinimum": 1}, {"exclusiveMaximum": 3}, {"maximum": 3}]}"##,
            ["1.5", "2", "2.999999"], ["1", "1.0", "3", "3.0"]),
        Case(
            ##"{"allOf": [{"exclusiveMinimum": 1}, {"minimum": 1}, {"maximum": 3}, {"exclusiveMaximum": 3}]}"##,
            ["1.5", "2", "2.999999"], ["1", "1.0", "3", "3.0"]),
        Case(
            ##"{"type": "integer", "allOf": [{"minimum": 2}, {"minimum": 1}, {"maximum": 4}, {"maximum": 5}]}"##,
            ["2", "4"], ["1", "5"]),
        // A bound that is not kept: its own number belongs to one side.
        Case(##"{"type": "integer", "not": {"minimum": 5}}"##, ["4", "-9"], ["5", "6"]),
        Case(##"{"type": "integer", "not": {"exclusiveMinimum": 5}}"##, ["5", "-9"], ["6", "60"]),
        Case(##"{"type": "number", "not": {"maximum": 5}}"##, ["5.1", "6"], ["5", "5.0", "4"]),
        Case(##"{"type": "number", "not": {"exclusiveMaximum": 5}}"##, ["5", "5.0", "6"], ["4.9", "4"]),
        // Arrays.
        Case(
            ##"{"items": [{"type": "null"}, {"const": 1}], "additionalItems": {"const": 2}}"##,
            ["[]", "[null,1,2,2]"], ["[1]", "[null,1,3]"]),
        Case(
            ##"{"items": {"enum": ["a", "b", 1, 1.0]}, "uniqueItems": true, "minItems": 2}"##,
            [##"["b","a"]"##, ##"[1,"a","b"]"##], [##"["a","a"]"##, ##"["a"]"##, "[1,1]"]),
        Case(
            ##"{"contains": {"const": 1}, "maxContains": 2, "items": {"type": "integer"}}"##,
            ["[1]", "[2,1,3,1]"], ["[]", "[2]", "[1,1,1]"]),
        // Objects.
        Case(
            ##"{"patternProperties": {"^n_": {"type": "integer"}, "_s$": {"minimum": 5}}, "additionalProperties": false}"##,
            [##"{"n_x":1,"a_s":5,"n_s":7}"##, "{}"],
            [##"{"n_x":"1"}"##, ##"{"n_s":4}"##, ##"{"other":1}"##]),
        Case(
            ##"{"minProperties": 1, "maxProperties": 2, "properties": {"a": {}, "b": {}, "c": {}}}"##,
            [##"{"a":1}"##, ##"{"a":1,"c":1}"##], ["{}", ##"{"a":1,"b":1,"c":1}"##]),
        Case(
            ##"{"properties": {"a": {}, "b": {}}, "allOf": [{"maxProperties": 1}, {"maxProperties": 2}]}"##,
            ["{}", ##"{"b":1}"##], [##"{"a":1,"b":1}"##]),
        Case(
            ##"{"properties": {"a": {}, "b": {}}, "allOf": [{"minProperties": 2}, {"minProperties": 1}]}"##,
            [##"{"a":1,"b":1}"##], ["{}", ##"{"a":1}"##, ##"{"b":1}"##]),
        Case(
            ##"{"propertyNames": {"enum": ["x", "y"]}, "minProperties": 1}"##, [##"{"y":1}"##],
            ["{}", ##"{"z":1}"##]),
        Case(
            ##"{"properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b"]}}"##,
            [##"{"a":1,"b":1}"##, ##"{"b":1}"##, "{}"], [##"{"a":1}"##]),
        Case(
            ##"{"type": "object", "properties": {"a": {"type": "integer"}}, "not": {"required": ["a"]}}"##,
            ["{}"], [##"{"a":1}"##]),
        Case(
            ##"{"properties": {"k": {"enum": [0, 1]}, "v": {}}, "required": ["k"], "if": {"properties": {"k": {"const": 0}}}, "then": {"properties": {"v": {"type": "null"}}}, "else": {"required": ["v"]}}"##,
            [##"{"k":0}"##, ##"{"k":0,"v":null}"##, ##"{"k":1,"v":2}"##],
            [##"{"k":0,"v":2}"##, ##"{"k":1}"##]),
        // A kind that is not required tells alternatives apart, and is written.
        Case(
            ##"{"oneOf": [{"properties": {"kind": {"const": "a"}, "x": {}}}, {"properties": {"kind": {"const": "b"}}}]}"##,
            [##"{"kind":"a","x":1}"##, ##"{"kind":"b"}"##], ["{}", ##"{"x":1}"##]),
        Case(
            ##"{"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}"##, [##"{"a":1}"##, ##"{"b":1}"##],
            [##"{"a":1,"b":1}"##, "{}"]),
    ]

    @Test(arguments: cases.indices)
    func followsTheSchema(index: Int) throws {
        let test = Self.cases[index]
        let grammar = try Grammar(jsonSchema: test.schema)
        for text in test.accepted { #expect(try grammar.matches(text), "\(text) for \(test.schema)") }
        for text in test.refused { #expect(try !grammar.matches(text), "\(text) for \(test.schema)") }
    }

    @Test func draft7PassesOverWhatStandsBesideAReference() throws {
        let rest = ##""$ref": "#/definitions/a", "maximum": 1, "definitions": {"a": {"type": "integer"}}}"##
        let old = try Grammar(
            jsonSchema: ##"{"$schema": "http://json-schema.org/draft-07/schema#", "## + rest)
        #expect(try old.matches("2"))
        #expect(try !Grammar(jsonSchema: "{" + rest).matches("2"))
        #expect(try Grammar(jsonSchema: "{" + rest, options: .init(dialect: .draft7)).matches("2"))
    }

    /// Places in arrays are digits alone (RFC 6901).
    @Test func referencesIntoArrays() throws {
        func schema(_ place: String) -> String {
            ##"{"$ref": "#/$defs/list/"## + place + ##"", "$defs": {"list": [{"const": 1}, {"const": 2}]}}"##
        }
        for place in ["0", "1"] { _ = try Grammar(jsonSchema: schema(place)) }
        for place in ["+1", "01", "00", "-0", "-1", "2", "", " 1", "1.0", "\u{661}", "99999999999999999999"] {
            let error = #expect(throws: JSONSchemaError.self) { try Grammar(jsonSchema: schema(place)) }
            #expect(error?.problem == .invalid && error?.path == "$ref" || error?.path == "[\"$ref\"]")
        }
    }

    /// A number beyond a double's range is a number, and is refused by its place where it cannot be followed.
    @Test func numbersOfAnySize() throws {
        for schema in [#"{"x-note": 1e400}"#, #"{"default": -1e999, "const": 1}"#] {
            _ = try Grammar(jsonSchema: schema)
        }
        for (schema, path) in [
            (#"{"maximum": 1e401}"#, "maximum"), (#"{"const": -1e999}"#, "const"),
            (#"{"enum": [1, 1e999]}"#, "enum[1]"), (#"{"maxLength": 1e400}"#, "maxLength"),
        ] {
            let error = #expect(throws: JSONSchemaError.self) { try Grammar(jsonSchema: schema) }
            #expect(error?.path == path, "\(error.map { "\($0)" } ?? "")")
        }
    }

    @Test func numbersHaveAnEnd() throws {
        let grammar = try Grammar.json()
        #expect(try grammar.matches("123456789012345.123456e-12"))
        for text in ["1234567890123456", "0.1234567", "1e123"] { #expect(try !grammar.matches(text)) }
        let lengths = JSONLengths(wholeDigits: 2, fractionDigits: 0, exponentDigits: 0, stringLength: 3)
        let short = try Grammar.json(options: .init(lengths: lengths))
        for text in ["12", "-99", "\"abc\""] { #expect(try short.matches(text)) }
        for text in ["123", "1.5", "1e1", "\"abcd\""] { #expect(try !short.matches(text)) }
        // A bound with more digits goes before.
        let long = try Grammar(jsonSchema: ##"{"minimum": 1000.125}"##, options: .init(lengths: lengths))
        #expect(try long.matches("1000.125") && long.matches("1000.1251") && !long.matches("1000.124"))
    }

    @Test func whatIsPermittedIsMore() throws {
        let schema = ##"{"properties": {"a": {"minLength": 1}}}"##
        let meant = try Grammar(jsonSchema: schema)
        let permitted = try Grammar(jsonSchema: schema, options: .init(breadth: .permitted))
        for text in ["1", ##"{"a":2}"##, ##"{"b":3}"##] {
            #expect(try !meant.matches(text) && permitted.matches(text))
        }
        #expect(try !permitted.matches(##"{"a":""}"##))
    }

    private static func list(_ count: Int, _ item: (Int) -> String) -> String {
        (0..<count).map(item).joined(separator: ",")
    }

    private static let growing: [String] = [
        ##"{"patternProperties": {"## + list(12) { ##""^a.{\##($0)}b": {"type": "integer"}"## } + "}}",
        ##"{"type": "string", "allOf": ["## + list(11) { ##"{"pattern": "a(a|b){\##($0)}c"}"## } + "]}",
        ##"{"oneOf": ["##
            + list(20) {
                ##"{"properties": {"a": {"minimum": 1}, "b": {"maximum": 2}}, "required": ["\##($0)"]}"##
            } + "]}",
        ##"{"type": "array", "contains": {"type": "integer"}, "minContains": 900000}"##,
        ##"{"type": "object", "minProperties": 200, "properties": {"## + list(300) { "\"\($0)\": {}" } + "}}",
        ##"{"type": "array", "uniqueItems": true, "prefixItems": [{"enum": ["## + list(40) { "\($0)" }
            + ##"]}], "items": {"enum": ["## + list(40) { "\($0)" } + "]}}",
        ##"{"$ref": "#/$defs/0", "$defs": {"##
            + list(300) { ##""\##($0)": {"allOf": [{"$ref": "#/$defs/\##($0 + 1)"}, {"minimum": 1}]}"## }
            + ##", "300": {"type": "null"}}}"##,
        ##"{"dependentRequired": {"## + list(30) { ##""a\##($0)": ["b\##($0)"]"## } + "}}",
        ##"{"type": "integer", "multipleOf": 9999, "not": {"multipleOf": 9973}}"##,
        ##"{"type": "string", "format": "email", "pattern": "x", "maxLength": 200}"##,
    ]

    /// Products of automata and of alternatives are refused before they become large.
    @Test(arguments: growing.indices)
    func productsAreBounded(index: Int) {
        let time = ContinuousClock().measure {
            let error = #expect(throws: JSONSchemaError.self) { try Grammar(jsonSchema: Self.growing[index]) }
            #expect(error?.problem == .tooLarge, "\(error.map { "\($0)" } ?? "")")
        }
        #expect(time < .limit(seconds: 10))
    }
}
