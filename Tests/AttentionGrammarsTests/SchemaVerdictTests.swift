import AttentionGrammars
import AttentionJSON
import Foundation
import Testing

/// Compares grammars with verdicts of the Python library `jsonschema` (Scripts/schema_fixtures.py): valid
/// instances can be written, and invalid ones cannot.
@Suite struct SchemaVerdictTests {
    private static func cases() throws -> [(schema: String, valid: [JSONValue], invalid: [JSONValue])] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let bytes = Array(try Data(contentsOf: folder.appending(path: "verdicts.json")))
        let root = try JSONDocument(bytes, name: "verdicts.json").root
        return try (root.elements ?? []).map { test in
            func instances(_ name: String) throws -> [JSONValue] {
                try (test[name]?.elements ?? []).map {
                    try JSONDocument(Array(($0.stringValue ?? "").utf8), name: name).root
                }
            }
            return (test["schema"]?.text ?? "", try instances("valid"), try instances("invalid"))
        }
    }

    @Test func exactlyWhatIsValidCanBeWritten() throws {
        let cases = try Self.cases()
        #expect(cases.count > 30)
        for test in cases {
            let grammar = try Grammar(
                jsonSchema: test.schema, options: .init(whitespace: .compact, breadth: .permitted))
            let writer = InstanceWriter(grammar: grammar)
            for instance in test.valid {
                #expect(try writer.canWrite(instance), "\(instance.text) for \(test.schema)")
            }
            for instance in test.invalid {
                #expect(try !writer.canWrite(instance), "\(instance.text) for \(test.schema)")
            }
        }
    }

    /// By default fewer are written, the first of each schema among them.
    @Test func nothingInvalidIsMeant() throws {
        for test in try Self.cases() {
            let grammar = try Grammar(jsonSchema: test.schema, options: .init(whitespace: .compact))
            let writer = InstanceWriter(grammar: grammar)
            let first = try #require(test.valid.first)
            #expect(try writer.canWrite(first), "\(first.text) for \(test.schema)")
            for instance in test.invalid {
                #expect(try !writer.canWrite(instance), "\(instance.text) for \(test.schema)")
            }
        }
    }

    /// Writes texts of each grammar for another validator to look at.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["ATTENTION_SCHEMA_WALKS"] != nil,
            "ATTENTION_SCHEMA_WALKS names no folder"))
    func walksForAnotherValidator() throws {
        var lines = ""
        for (index, test) in try Self.cases().enumerated() {
            for breadth in [JSONSchemaBreadth.meant, .permitted] {
                let grammar = try Grammar(jsonSchema: test.schema, options: .init(breadth: breadth))
                var random = SplitMix(state: UInt64(index))
                for _ in 0..<40 {
                    guard let text = try SchemaWalk.text(of: grammar, &random),
                        try SchemaWalk.parse(text) != nil
                    else { continue }
                    let written = String(decoding: text, as: UTF8.self)
                    lines += jsonString(test.schema) + "\t" + jsonString(written) + "\n"
                }
            }
        }
        let folder = ProcessInfo.processInfo.environment["ATTENTION_SCHEMA_WALKS"] ?? ""
        try lines.write(toFile: "\(folder)/verdicts.tsv", atomically: true, encoding: .utf8)
    }
}

extension JSONValue {
    /// The value as JSON.
    var text: String {
        if let elements { return "[" + elements.map(\.text).joined(separator: ",") + "]" }
        if let members {
            let members = members.map { jsonString($0.name.string) + ":" + $0.value.text }
            return "{" + members.joined(separator: ",") + "}"
        }
        return stringValue.map { jsonString($0) } ?? literal
    }
}
