import AttentionGrammars
import AttentionJSON
import Foundation
import Testing

/// Texts that a grammar allows, drawn by walking it, are JSON that follows the schema.
@Suite struct SchemaWalkTests {
    @Test(arguments: SchemaTests.cases.indices)
    func everyWalkEndsInAValidValue(index: Int) throws {
        let schema = SchemaTests.cases[index].schema
        let document = try JSONDocument(Array(schema.utf8), name: "schema")
        let grammar = try Grammar(jsonSchema: schema)
        var random = SplitMix(state: UInt64(index))
        var drawn: [String] = []
        for _ in 0..<6 {
            guard let text = try SchemaWalk.text(of: grammar, &random) else { continue }
            drawn.append(String(decoding: text, as: UTF8.self))
            // Members that the schema does not name may come twice.
            guard let value = try SchemaWalk.parse(text) else { continue }
            #expect(
                SchemaValidator(root: document.root).isValid(value, document.root),
                "\(String(decoding: text, as: UTF8.self)) for \(schema)")
        }
        #expect(!drawn.isEmpty)
        // For another validator to look at.
        if let folder = ProcessInfo.processInfo.environment["ATTENTION_SCHEMA_WALKS"] {
            let lines = drawn.map { jsonString(schema) + "\t" + jsonString($0) + "\n" }.joined()
            try lines.write(toFile: "\(folder)/\(index).tsv", atomically: true, encoding: .utf8)
        }
    }
}

/// Texts drawn by walking a grammar.
enum SchemaWalk {
    /// The value; nil where a member comes twice.
    static func parse(_ text: [UInt8]) throws -> JSONValue? {
        do throws(JSONError) {
            return try JSONDocument(text, name: "walk").root
        } catch {
            if error.problem == .duplicateKey { return nil }
            throw error
        }
    }

    /// A random text, byte by byte; nil where none ends in time.
    static func text(of grammar: Grammar, _ random: inout SplitMix) throws -> [UInt8]? {
        var matcher = try GrammarMatcher(grammar)
        var text: [UInt8] = []
        let closing = Array("\"}]ul0,es".utf8)
        let likely = Array("\"}]{[:,-0123456789abtfn\\ \n".utf8)
        while text.count < 400 {
            if matcher.isComplete, !matcher.canContinue || text.count > 20 || Bool.random(using: &random) {
                return text
            }
            var order = likely.shuffled(using: &random) + (0...255).map { UInt8($0) }.shuffled(using: &random)
            if text.count > 40 { order = closing + order }
            let step = try order.first { byte in
                var next = matcher
                guard try next.advance(byte) else { return false }
                matcher = next
                return true
            }
            guard let step else {
                Issue.record("nothing can follow \(String(decoding: text, as: UTF8.self))")
                return nil
            }
            text.append(step)
        }
        return nil
    }
}

/// Validates instances, one keyword at a time, as the specification says.
private struct SchemaValidator {
    let root: JSONValue

    func isValid(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        guard let members = schema.members else { return schema.boolValue ?? false }
        return members.allSatisfy { keyword, argument in follows(value, keyword.string, argument, schema) }
    }

    private func follows(_ value: JSONValue, _ keyword: String, _ argument: JSONValue, _ schema: JSONValue)
        -> Bool
    {
        let number = value.isNumber ? value.doubleValue : nil
        let length = value.stringValue?.unicodeScalars.count
        let members = value.members.map {
            Dictionary($0.map { ($0.name.string, $0.value) }) { first, _ in first }
        }
        switch keyword {
        case "type":
            return (argument.elements ?? [argument]).contains { hasType(value, $0.stringValue ?? "") }
        case "enum": return argument.elements?.contains { equal($0, value) } ?? false
        case "const": return equal(argument, value)
        case "minimum": return number.map { $0 >= argument.doubleValue ?? 0 } ?? true
        case "maximum": return number.map { $0 <= argument.doubleValue ?? 0 } ?? true
        case "exclusiveMinimum": return number.map { $0 > argument.doubleValue ?? 0 } ?? true
        case "exclusiveMaximum": return number.map { $0 < argument.doubleValue ?? 0 } ?? true
        case "minLength": return length.map { $0 >= argument.integerValue ?? 0 } ?? true
        case "maxLength": return length.map { $0 <= argument.integerValue ?? 0 } ?? true
        case "pattern":
            guard let text = value.stringValue, let pattern = argument.stringValue else { return true }
            return (try? NSRegularExpression(pattern: pattern)).map {
                $0.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
            } ?? false
        case "minItems": return value.elements.map { $0.count >= argument.integerValue ?? 0 } ?? true
        case "maxItems": return value.elements.map { $0.count <= argument.integerValue ?? 0 } ?? true
        case "prefixItems":
            return zip(value.elements ?? [], argument.elements ?? []).allSatisfy { isValid($0, $1) }
        case "items":
            let prefix = schema["prefixItems"]?.elements?.count ?? 0
            return (value.elements ?? []).dropFirst(prefix).allSatisfy { isValid($0, argument) }
        case "properties":
            return members?.allSatisfy { name, value in argument[name].map { isValid(value, $0) } ?? true }
                ?? true
        case "required":
            return members.map { members in
                (argument.elements ?? []).allSatisfy { members[$0.stringValue ?? ""] != nil }
            } ?? true
        case "additionalProperties":
            return members?.allSatisfy { name, value in
                schema["properties"]?[name] != nil || isValid(value, argument)
            } ?? true
        case "anyOf": return argument.elements?.contains { isValid(value, $0) } ?? false
        case "oneOf": return argument.elements?.count { isValid(value, $0) } == 1
        case "allOf": return argument.elements?.allSatisfy { isValid(value, $0) } ?? false
        case "$ref":
            var target = root
            let reference = (argument.stringValue ?? "").unicodeScalars
            if reference.count > 1, !reference.starts(with: "#/".unicodeScalars) {
                let anchor = ExactString(String(reference.dropFirst()))
                guard
                    let next = root["$defs"]?.members?.first(where: {
                        $0.value["$anchor"]?.stringValue.map { ExactString($0) } == anchor
                    })
                else { return false }
                return isValid(value, next.value)
            }
            for step in reference.split(separator: "/").dropFirst() {
                let name = (String(step).removingPercentEncoding ?? "").replacingOccurrences(
                    of: "~1", with: "/"
                )
                .replacingOccurrences(of: "~0", with: "~")
                guard let next = target[name] else { return false }
                target = next
            }
            return isValid(value, target)
        case "format", "$defs", "$anchor", "title": return true
        default: return false
        }
    }

    private func hasType(_ value: JSONValue, _ type: String) -> Bool {
        switch type {
        case "null": value.isNull
        case "boolean": value.boolValue != nil
        case "string": value.stringValue != nil
        case "array": value.isArray
        case "object": value.isObject
        case "number": value.isNumber
        case "integer": value.doubleValue.map { $0 == $0.rounded() } ?? false
        default: false
        }
    }

    private func equal(_ first: JSONValue, _ second: JSONValue) -> Bool {
        if let a = first.elements, let b = second.elements {
            return a.count == b.count && zip(a, b).allSatisfy(equal)
        }
        if let a = first.members, let b = second.members {
            let (a, b) = (Array(a), Array(b))
            return a.count == b.count
                && zip(a, b).allSatisfy { $0.name == $1.name && equal($0.value, $1.value) }
        }
        return first.isNull == second.isNull && first.boolValue == second.boolValue
            && first.stringValue == second.stringValue && first.doubleValue == second.doubleValue
            && first.isArray == second.isArray && first.isObject == second.isObject
    }
}
