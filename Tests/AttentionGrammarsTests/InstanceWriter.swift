import AttentionGrammars
import AttentionJSON

/// Finds out whether a JSON value can be written in a grammar of compact JSON: with its members in any order,
/// and its numbers as they stand, as plain decimals or as whole numbers.
struct InstanceWriter {
    let grammar: Grammar
    /// The limit of the ways of writing that are tried.
    private static let greatestWays = 256

    func canWrite(_ value: JSONValue) throws -> Bool {
        try write(value, [GrammarMatcher(grammar)]).contains(where: \.isComplete)
    }

    private func write(_ value: JSONValue, _ matchers: [GrammarMatcher]) throws -> [GrammarMatcher] {
        if let elements = value.elements {
            var ways = try advance("[", matchers)
            for (index, element) in elements.enumerated() {
                ways = try write(element, index == 0 ? ways : advance(",", ways))
            }
            return try advance("]", ways)
        }
        if let members = value.members {
            let members = members.map { (name: jsonString($0.name.string), value: $0.value) }
            return try advance("}", try write(members[...], advance("{", matchers), isFirst: true))
        }
        if let string = value.stringValue { return try advance(jsonString(string), matchers) }
        var forms = [value.literal]
        if value.isNumber { forms += Self.plainForms(value.literal) }
        var seen: Set<String> = []
        return try forms.filter { seen.insert($0).inserted }.flatMap { try advance($0, matchers) }
    }

    private func write(
        _ members: ArraySlice<(name: String, value: JSONValue)>, _ matchers: [GrammarMatcher], isFirst: Bool
    ) throws -> [GrammarMatcher] {
        guard !members.isEmpty else { return matchers }
        var ways: [GrammarMatcher] = []
        for index in members.indices {
            var rest = members
            let (name, value) = rest.remove(at: index)
            let next = try write(value, advance((isFirst ? "" : ",") + name + ":", matchers))
            guard !next.isEmpty else { continue }
            ways += try write(ArraySlice(Array(rest)), next, isFirst: false)
            if ways.count > Self.greatestWays { break }
        }
        return ways
    }

    private func advance(_ text: String, _ matchers: [GrammarMatcher]) throws -> [GrammarMatcher] {
        try matchers.compactMap { matcher in
            var next = matcher
            return try next.advance(text) ? next : nil
        }
    }

    /// A number without exponent, and without a fraction of zeros.
    static func plainForms(_ literal: String) -> [String] {
        var digits = literal.hasPrefix("-") ? String(literal.dropFirst()) : literal
        let sign = literal.hasPrefix("-") ? "-" : ""
        var exponent = 0
        if let mark = digits.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            exponent = Int(digits[digits.index(after: mark)...].replacing("+", with: "")) ?? 0
            digits = String(digits[..<mark])
        }
        if let point = digits.firstIndex(of: ".") {
            exponent -= digits.distance(from: point, to: digits.endIndex) - 1
            digits.remove(at: point)
        }
        while exponent < 0, digits.hasSuffix("0"), digits.count > 1 {
            digits.removeLast()
            exponent += 1
        }
        guard abs(exponent) < 500 else { return [] }
        if exponent >= 0 {
            digits += String(repeating: "0", count: exponent)
        } else {
            digits = String(repeating: "0", count: max(0, -exponent + 1 - digits.count)) + digits
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: exponent))
        }
        while digits.hasPrefix("0"), digits.count > 1, !digits.hasPrefix("0.") { digits.removeFirst() }
        if digits == "0" { return ["0"] }
        return [sign + digits]
    }
}
