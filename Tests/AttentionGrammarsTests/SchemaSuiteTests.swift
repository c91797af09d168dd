import AttentionGrammars
import AttentionJSON
import Foundation
import Testing

/// Runs the JSON Schema Test Suite (https://github.com/json-schema-org/JSON-Schema-Test-Suite) from the
/// folder that `ATTENTION_SCHEMA_SUITE` names, and reports for how many of its schemas the grammar allows
/// exactly the valid instances, which are refused, and where it allows fewer. None may allow more.
@Suite struct SchemaSuiteTests {
    private static let folder = ProcessInfo.processInfo.environment["ATTENTION_SCHEMA_SUITE"]

    struct Tally {
        var exact = 0
        var refused: [String] = []
        var narrow: [String] = []
        var unsound: [String] = []
    }

    @Test(.enabled(if: folder != nil, "ATTENTION_SCHEMA_SUITE names no folder"))
    func noInvalidInstanceCanBeWritten() throws {
        let drafts: [(folder: String, JSONSchemaDialect)] = [
            ("draft7", .draft7), ("draft2020-12", .draft2020),
        ]
        for (draft, dialect) in drafts {
            for part in ["", "/optional/format"] {
                for breadth in [JSONSchemaBreadth.permitted, .meant] {
                    let options = JSONSchemaOptions(whitespace: .compact, breadth: breadth, dialect: dialect)
                    let tally = try run("tests/\(draft)\(part)", options)
                    print(
                        "\(draft)\(part), \(breadth): \(tally.exact) exact, \(tally.refused.count) refused, "
                            + "\(tally.narrow.count) narrower, \(tally.unsound.count) unsound")
                    for (kind, lines) in [
                        ("unsound", tally.unsound), ("narrower", tally.narrow), ("refused", tally.refused),
                    ] where kind == "unsound" || breadth == .permitted {
                        for line in lines { print("  \(kind): \(line)") }
                    }
                    #expect(tally.unsound.isEmpty)
                }
            }
        }
    }

    private func run(_ path: String, _ options: JSONSchemaOptions) throws -> Tally {
        let folder = URL(filePath: Self.folder ?? "").appending(path: path)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        var tally = Tally()
        for file in files where file.hasSuffix(".json") {
            let bytes = Array(try Data(contentsOf: folder.appending(path: file)))
            guard let root = try? JSONDocument(bytes, name: file).root else {
                tally.refused.append("\(file): not read as JSON")
                continue
            }
            for group in root.elements ?? [] { try run(group, file, options, &tally) }
        }
        return tally
    }

    private func run(
        _ group: JSONValue, _ file: String, _ options: JSONSchemaOptions, _ tally: inout Tally
    ) throws {
        let name = "\(file): \(group["description"]?.stringValue ?? "")"
        guard let schema = group["schema"] else { return }
        let grammar: Grammar?
        do throws(JSONSchemaError) {
            grammar = try Grammar(jsonSchema: schema.text, options: options)
        } catch {
            guard error.problem == .neverMatches else { return tally.refused.append("\(name): \(error)") }
            grammar = nil
        }
        var narrow: [String] = []
        var unsound: [String] = []
        for test in group["tests"]?.elements ?? [] {
            guard let data = test["data"], let isValid = test["valid"]?.boolValue else { continue }
            let isWritten = try grammar.map { try InstanceWriter(grammar: $0).canWrite(data) } ?? false
            if isWritten == isValid { continue }
            let line = "\(name): \(test["description"]?.stringValue ?? ""): \(data.text)"
            if isWritten { unsound.append(line) } else { narrow.append(line) }
        }
        if narrow.isEmpty, unsound.isEmpty { tally.exact += 1 }
        if !unsound.isEmpty {
            tally.unsound += unsound
        } else if !narrow.isEmpty {
            tally.narrow += narrow.prefix(1)
        }
    }
}
