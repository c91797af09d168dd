import AttentionGrammars
import TestSupport
import Testing

@Suite struct SchemaTests {
    struct Case: Sendable {
        var schema: String
        var accepted: [String]
        var refused: [String]

        init(_ schema: String, _ accepted: [String], _ refused: [String]) {
            (self.schema, self.accepted, self.refused) = (schema, accepted, refused)
        }
    }

    static let cases: [Case] = [
        Case(
            "true",
            ["1", "null", "[]", "{}", "[1, {\"a\": \"x\"}]", "{\n    \"a\": [\n        -1.5e+3\n    ]\n}"],
            ["", "01", "[1,]", "{a:1}", "'x'", "[1", "nul", "[  1]", "[\n\n1]"]),
        Case("{}", ["1", "{\"a\":{\"a\":{}}}"], ["}"]),
        Case(##"{"type": "boolean"}"##, ["true", "false"], ["null", "1", "\"true\""]),
        Case(##"{"type": ["null", "boolean"], "title": "t"}"##, ["null", "true"], ["1"]),
        Case(
            ##"{"type": "number"}"##, ["0", "-0.5", "12.25e-7", "1E9"], ["1.", ".5", "+1", "--1", "1e", "00"]),
        Case(##"{"type": "integer"}"##, ["0", "-12", "123456"], ["1.5", "-0", "1e3", "01"]),
        Case(
            ##"{"type": "integer", "minimum": -12, "maximum": 345}"##,
            ["-12", "-9", "-1", "0", "9", "10", "99", "300", "345"],
            ["-13", "-20", "346", "400", "1000", "-100"]),
        Case(
            ##"{"type": "integer", "exclusiveMinimum": 7, "exclusiveMaximum": 1000}"##,
            ["8", "10", "999"], ["7", "0", "-8", "1000"]),
        Case(
            ##"{"type": "integer", "minimum": 98}"##, ["98", "99", "100", "5000000"], ["97", "9", "0", "-98"]),
        Case(##"{"type": "integer", "maximum": -3}"##, ["-3", "-10", "-999"], ["-2", "0", "3"]),
        Case(##"{"type": "integer", "maximum": 0.5}"##, ["0", "-1"], ["1"]),
        Case(
            ##"{"type": "number", "minimum": 0, "maximum": 1}"##, ["0", "0.25", "1", "1.000"],
            ["1.5", "-0.1", "2", "1.001"]),
        Case(
            ##"{"type": "number", "exclusiveMinimum": -2, "exclusiveMaximum": 3}"##,
            ["-1.9", "-0.001", "0", "2.99"], ["-2", "-2.0", "3", "3.0", "-3"]),
        Case(##"{"type": "number", "exclusiveMinimum": 5}"##, ["5.001", "6", "77.5"], ["5", "5.0", "4"]),
        Case(
            ##"{"type": "string"}"##, [##""""##, ##""a\n\u00e9é😀\ud83d\ude00""##],
            [##""\x""##, "\"\n\"", ##""\ud83d""##, ##""\udc00""##]),
        Case(
            ##"{"type": "string", "minLength": 2, "maxLength": 3}"##,
            [##""ab""##, ##""é\n😀""##, ##""\ud83d\ude00x""##],
            [##""a""##, ##""abcd""##, ##""😀""##]),
        Case(##"{"minLength": 1}"##, [##""a""##], [##""""##, "1"]),
        Case(
            ##"{"type": "string", "pattern": "^[A-Z]{2}-\\d+(?:x|\\.)?$"}"##,
            [##""AB-12""##, ##""XY-0x""##, ##""QQ-7.""##],
            [##""A-1""##, ##""AB-""##, ##""AB-1y""##]),
        Case(
            ##"{"type": "string", "pattern": "b+"}"##, [##""b""##, ##""a\nbbc""##], [##""""##, ##""ac""##]),
        Case(
            ##"{"pattern": "^[^a-c]\"\\\\$"}"##, [##""d\"\\""##, ##""\n\"\\""##],
            [##""a\"\\""##, ##""d\"""##]),
        Case(
            ##"{"enum": ["a", 1, null, {"b": [1.50]}, "q\"é"]}"##,
            [##""a""##, "1", "null", ##"{"b": [1.50]}"##, ##""q\"é""##],
            ["2", ##""b""##, ##"{"b":[1]}"##]),
        Case(##"{"type": "string", "enum": ["a", 1]}"##, [##""a""##], ["1"]),
        Case(##"{"const": "x"}"##, [##""x""##], [##""y""##]),
        Case(
            ##"{"type": "string", "format": "date"}"##, [##""2024-02-28""##, ##""1999-12-31""##],
            [##""2024-13-01""##, ##""2024-04-31""##]),
        Case(
            ##"{"type": "string", "format": "date-time"}"##,
            [##""2024-02-28T23:59:00Z""##, ##""2024-02-28T00:00:00.125+01:30""##],
            [##""2024-02-28T24:00:00Z""##, ##""2024-02-28 00:00:00Z""##]),
        Case(
            ##"{"type": "string", "format": "uuid"}"##, [##""123e4567-e89b-12d3-a456-426614174000""##],
            [##""123e4567""##]),
        Case(
            ##"{"type": "string", "format": "ipv4"}"##, [##""127.0.0.255""##],
            [##""256.0.0.1""##, ##""1.2.3""##]),
        Case(##"{"type": "array"}"##, ["[]", "[1, \"a\"]"], ["{}"]),
        Case(
            ##"{"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}"##,
            ["[1]", "[1,2]", "[1, 2,\n 3]"], ["[]", "[1,2,3,4]", "[\"a\"]"]),
        Case(##"{"type": "array", "items": false}"##, ["[]"], ["[1]"]),
        Case(
            ##"{"prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 1}"##,
            ["[1]", "[1,\"a\"]"],
            ["[]", "[\"a\"]", "[1,\"a\",1]"]),
        Case(
            ##"{"prefixItems": [{"type": "integer"}], "items": {"type": "null"}, "minItems": 2, "maxItems": 3}"##,
            ["[1,null]", "[1,null,null]"], ["[1]", "[1,null,null,null]", "[1,1]"]),
        Case(
            ##"{"prefixItems": [{"const": 1}, {"const": 2}, {"const": 3}], "maxItems": 2}"##,
            ["[]", "[1,2]"], ["[1,2,3]", "[2]"]),
        Case(
            ##"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {}}, "required": ["b"]}"##,
            [
                ##"{"a":1,"b":"x"}"##, ##"{"b":"x"}"##, ##"{"b": "", "c": []}"##,
                "{\n  \"a\": 1,\n  \"b\": \"x\"\n}",
            ],
            [
                "{}", ##"{"a":1}"##, ##"{"b":"x","a":1}"##, ##"{"a":"1","b":"x"}"##, ##"{"b":"x",}"##,
                ##"{"b":"x","d":1}"##,
            ]),
        Case(##"{"type": "object"}"##, ["{}", ##"{"x": 1, "y": {}}"##], ["[]"]),
        Case(
            ##"{"type": "object", "properties": {}, "additionalProperties": false}"##, ["{}", "{ }"],
            [##"{"a":1}"##]),
        Case(
            ##"{"properties": {"ab": {"type": "null"}, "a": {"const": 1}}, "additionalProperties": {"type": "integer"}}"##,
            ["{}", ##"{"ab":null}"##, ##"{"ab":null,"a":1,"x":3,"abc":4,"":5}"##, ##"{"b":2}"##],
            [
                ##"{"ab":1}"##, ##"{"x":"s"}"##, ##"{"\u0061b":1}"##, ##"{"x":1,"ab":null}"##,
                ##"{"x":1,"ab":2}"##,
            ]),
        Case(
            ##"{"type": "object", "required": ["x"], "additionalProperties": {"type": "null"}}"##,
            [##"{"x":null}"##, ##"{"x":null,"y":null}"##],
            ["{}", ##"{"y":null}"##, ##"{"x":1}"##]),
        Case(
            ##"{"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 5}]}"##, ["null", "7"],
            ["3", "\"\""]),
        Case(
            ##"{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"], "anyOf": [{"properties": {"b": {"const": 2}}, "required": ["b"]}, {"properties": {"c": {"const": 3}}}]}"##,
            [##"{"a":1,"b":2}"##, ##"{"a":1,"c":3}"##, ##"{"a":1}"##], [##"{"b":2}"##, ##"{"a":1,"b":3}"##]),
        Case(##"{"oneOf": [{"type": "string"}, {"type": "integer"}]}"##, ["1", "\"\""], ["1.5"]),
        Case(
            ##"{"oneOf": [{"properties": {"kind": {"const": "a"}, "x": {}}, "required": ["kind"]}, {"properties": {"kind": {"const": "b"}}, "required": ["kind"]}]}"##,
            [##"{"kind":"a","x":1}"##, ##"{"kind":"b"}"##], [##"{"kind":"b","x":1}"##, "{}"]),
        Case(
            ##"{"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}]}"##, ["3", "5"],
            ["2", "6", "3.5"]),
        Case(
            ##"{"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"const": 1}, "a": {"minimum": 10}}}]}"##,
            [##"{"a":10}"##, ##"{"a":12,"b":1}"##], ["{}", ##"{"a":9}"##]),
        Case(
            ##"{"allOf": [{"properties": {"a": {}}, "additionalProperties": false}, {"properties": {"b": {}}}]}"##,
            ["{}", ##"{"a":1}"##],
            [##"{"b":1}"##]),
        Case(
            ##"{"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}, "required": ["value", "next"]}}}"##,
            [##"{"value":1,"next":null}"##, ##"{"value":1,"next":{"value":2,"next":null}}"##],
            [##"{"value":1}"##, ##"{"value":1,"next":{}}"##]),
        Case(##"{"type": "array", "items": {"$ref": "#"}}"##, ["[]", "[[],[[]]]"], ["[1]"]),
        Case(
            ##"{"properties": {"a/b~c %": {"const": 1}, "d": {"$ref": "#/properties/a~1b~0c%20%25"}}, "required": ["d"]}"##,
            [##"{"d":1}"##], [##"{"d":2}"##]),
        Case(
            ##"{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"type": "null"}}}"##,
            ["null"], ["1"]),
        // A combining accent behind '#' and '/'.
        Case(
            "{\"$ref\": \"#\u{301}a\", \"$defs\": {\"x\": {\"$anchor\": \"\u{301}a\", \"type\": \"null\"}}}",
            ["null"], ["1"]),
        Case(
            "{\"$ref\": \"#/$defs/\u{301}a\", \"$defs\": {\"\u{301}a\": {\"type\": \"null\"}}}", ["null"],
            ["1"]),
        Case(##"{"$ref": "#/$defs/a", "maximum": 3, "$defs": {"a": {"type": "integer"}}}"##, ["3"], ["4"]),
    ]

    @Test(arguments: cases.indices)
    func followsTheSchema(index: Int) throws {
        let test = Self.cases[index]
        let grammar = try Grammar(jsonSchema: test.schema)
        for text in test.accepted { #expect(try grammar.matches(text), "\(text) for \(test.schema)") }
        for text in test.refused { #expect(try !grammar.matches(text), "\(text) for \(test.schema)") }
    }

    @Test func compactHasNoSpace() throws {
        let grammar = try Grammar(
            jsonSchema: ##"{"type": "array", "items": {"type": "object"}}"##,
            options: .init(whitespace: .compact))
        #expect(try grammar.matches(##"[{"a":1,"b":[true]}]"##))
        #expect(try !grammar.matches(##"[{"a": 1}]"##))
        #expect(try Grammar.json().matches(" 1") == false)
    }

    private typealias Fault = (schema: String, problem: JSONSchemaError.Problem, path: String)
    private static let deep = String(repeating: "{\"items\":", count: 60_000)
    private static let openGroups = String(repeating: "(", count: 60_000)
    private static let faults: [Fault] = [
        (##"{"type": "strin"}"##, .invalid, "type"),
        (##"{"type": 1}"##, .invalid, "type"),
        (##"{"type": "array", "uniqueItems": true}"##, .unsupported, "uniqueItems"),
        (##"{"minimum": "3"}"##, .invalid, "minimum"),
        (##"{"minLength": -1}"##, .invalid, "minLength"),
        (##"{"minLength": 1.5}"##, .invalid, "minLength"),
        (##"{"minLength": "1"}"##, .invalid, "minLength"),
        (##"{"maxLength": 9223372036854775808}"##, .tooLarge, "maxLength"),
        (##"{"maxItems": 2147483648}"##, .tooLarge, "maxItems"),
        (##"{"pattern": "(?=a)"}"##, .unsupported, "pattern"),
        (##"{"pattern": "(a)\\1"}"##, .unsupported, "pattern"),
        (##"{"pattern": "(a"}"##, .invalid, "pattern"),
        (##"{"pattern": "a)"}"##, .invalid, "pattern"),
        (##"{"pattern": "*"}"##, .invalid, "pattern"),
        (##"{"pattern": "[b-a]"}"##, .invalid, "pattern"),
        (##"{"pattern": "a{0,1000000000}"}"##, .tooLarge, "pattern"),
        ("{\"pattern\": \"\(openGroups)\"}", .tooLarge, "pattern"),
        (##"{"enum": []}"##, .invalid, "enum"),
        (##"{"$ref": "http://example.com/x"}"##, .unsupported, "[\"$ref\"]"),
        (##"{"$ref": "#/nowhere"}"##, .invalid, "[\"$ref\"]"),
        (##"{"oneOf": [{"$ref": "#"}, {"type": "number"}]}"##, .unsupported, "oneOf[0]"),
        (##"{"multipleOf": 0}"##, .invalid, "multipleOf"),
        (##"{"multipleOf": -2}"##, .invalid, "multipleOf"),
        (##"{"type": "integer", "minimum": 1e-1000}"##, .unsupported, "minimum"),
        (##"{"minimum": 1e-9223372036854775808}"##, .unsupported, "minimum"),
        (##"{"type": "number", "minimum": 1e-300, "maximum": 1e300}"##, .tooLarge, ""),
        (
            ##"{"allOf": [{"$ref": "#/nowhere"}], "unevaluatedItems": false}"##, .invalid,
            "allOf[0][\"$ref\"]"
        ),
        (##"{"properties": {"\u000F": {}}, "$ref": "#/properties/%+f"}"##, .invalid, "[\"$ref\"]"),
        (##"{"type": "integer", "minimum": 1e1000}"##, .unsupported, "minimum"),
        (##"{"properties": {"a": {"minimum": 1, "multipleOf": 123457}}}"##, .tooLarge, ""),
        (##"{"format": "idn-email"}"##, .unsupported, "format"),
        (##"{"pattern": "\\p{Script=Greek}"}"##, .unsupported, "pattern"),
        (##"{"pattern": "a(?=b)"}"##, .unsupported, "pattern"),
        (##"{"pattern": "(?<!a)b"}"##, .unsupported, "pattern"),
        (##"{"pattern": "^(a|b)*a(a|b){16}$"}"##, .tooLarge, "pattern"),
        (##"{"pattern": "(a{1000}){1000}"}"##, .tooLarge, "pattern"),
        (##"{"pattern": "a^b"}"##, .neverMatches, ""),
        (##"{"properties": {"x": {"$dynamicRef": "#a"}}}"##, .unsupported, "properties.x[\"$dynamicRef\"]"),
        (
            ##"{"anyOf": [{"required": ["a"]}], "unevaluatedProperties": false}"##, .unsupported,
            "unevaluatedProperties"
        ),
        (##"{"type": "string", "enum": [1]}"##, .neverMatches, ""),
        (##"{"allOf": [{"enum": [1, 2]}, {"enum": [3, "1"]}]}"##, .neverMatches, ""),
        (##"{"required": "a"}"##, .invalid, "required"),
        (##"{"properties": []}"##, .invalid, "properties"),
        ("false", .neverMatches, ""),
        (##"{"type": "integer", "minimum": 3, "maximum": 2}"##, .neverMatches, ""),
        (##"{"properties": {"a": false}, "required": ["a"]}"##, .neverMatches, ""),
        (##"{"properties": {"a": {"$ref": "#"}}, "required": ["a"]}"##, .neverMatches, ""),
        ("3", .invalid, ""),
        (##"{"type": "object""##, .invalidJSON, ""),
        (##"{"type": "null", "type": "null"}"##, .invalidJSON, ""),
        (deep, .invalidJSON, ""),
    ]

    @Test(arguments: faults.indices)
    func namesWhatIsWrong(index: Int) {
        let (schema, problem, path) = Self.faults[index]
        let error = #expect(throws: JSONSchemaError.self) { try Grammar(jsonSchema: schema) }
        #expect(error?.problem == problem && error?.path == path, "\(error.map { "\($0)" } ?? "")")
    }

    @Test(arguments: ["1e-9223372036854775808", "1e9223372036854775807", "1e-1000001"])
    func exponentsAreBounded(_ number: String) {
        #expect(throws: JSONSchemaError.self) {
            try Grammar(jsonSchema: #"{"type": "number", "minimum": \#(number)}"#)
        }
    }

    private static func list(_ count: Int, _ item: (Int) -> String) -> String {
        (0..<count).map(item).joined(separator: ",")
    }

    /// 8^14 ways through 15 definitions.
    private static func branching(_ keyword: String) -> String {
        ##"{"$ref": "#/$defs/0", "\##(keyword)": false, "$defs": {"##
            + list(14) { level in
                let part = ##"{"$ref": "#/$defs/\##(level + 1)"}"##
                return ##""\##(level)": {"allOf": [\##(list(8) { _ in part })]}"##
            } + ##", "14": {}}}"##
    }

    private static let growing: [String] = [
        ##"{"$ref": "#"}"##,
        ##"{"allOf": [{"$ref": "#"}, {"type": "null"}]}"##,
        ##"{"anyOf": [{"$ref": "#"}, {"type": "null"}]}"##,
        ##"{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}"##,
        ##"{"$ref": "#/$defs/0", "$defs": {"##
            + list(3000) { ##""\##($0)": {"properties": {"x": {"$ref": "#/$defs/\##($0 + 1)"}}}"## }
            + ##", "3000": {"type": "null"}}}"##,
        ##"{"allOf": ["##
            + list(12) { _ in ##"{"anyOf": [{"minimum": 1}, {"maximum": 5}, {"type": "string"}]}"## } + "]}",
        ##"{"properties": {"## + list(300) { ##""property number \##($0)": {}"## } + "}}",
        ##"{"enum": ["## + list(1000) { ##""value \##($0)""## } + "]}",
        ##"{"oneOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}], "$defs": {"a": {"properties": {"##
            + list(60) { ##""\##($0)": {"$ref": "#/$defs/b"}"## } + ##"}, "required": ["##
            + list(60) { "\"\($0)\"" } + ##"]}, "b": {"properties": {"##
            + list(60) { ##""\##($0)": {"$ref": "#/$defs/a"}"## } + ##"}, "required": ["##
            + list(60) { "\"\($0)\"" } + "]}}}",
        ##"{"required": ["## + list(15_000) { "\"\($0)\"" } + "]}",
        ##"{"additionalProperties": true, "properties": {"##
            + list(3000) { "\"\(Unicode.Scalar(UInt32(0x4E00 + $0))!)\": {}" } + "}}",
        "{\"pattern\": \"^[" + (0..<20_000).map { "\(Unicode.Scalar(UInt32(0x4E00 + $0))!)" }.joined()
            + "]\"}",
        ##"{"allOf": ["## + list(3000) { ##"{"properties": {"\##($0)": {}}}"## } + "]}",
        ##"{"maxLength": 1000000, "minLength": 999999}"##,
        branching("unevaluatedProperties"), branching("unevaluatedItems"),
        ##"{"items": {"$ref": "#0"}, "$defs": {"##
            + list(4000) { ##""\##($0)": {"$anchor": "\##($0)", "items": {"$ref": "#\##($0 + 1)"}}"## }
            + ##", "4000": {"$anchor": "4000"}}}"##,
        ##"{"oneOf": ["##
            + list(60) { ##"{"type": "string", "pattern": "^(a|b)*a(a|b){5}\##($0)$", "maxLength": 500}"## }
            + "]}",
    ]

    /// Schemas that are recursive, or whose expansion is large, are read, or refused as too large, in a short
    /// time.
    @Test(arguments: growing.indices)
    func growthIsBounded(index: Int) throws {
        let schema = Self.growing[index]
        let time = ContinuousClock().measure {
            do throws(JSONSchemaError) {
                _ = try Grammar(jsonSchema: schema)
            } catch {
                #expect([.tooLarge, .neverMatches, .unsupported].contains(error.problem), "\(error)")
            }
        }
        #expect(time < .limit(seconds: 20))
    }
}
