/// A JSON value that is written on one line. Numbers stand in the fewest digits that mean them exactly, which
/// takes a tenth of the time that `JSONEncoder` needs for a matrix.
enum JSON {
    case string(String)
    case integer(Int)
    case number(Float)
    case array([JSON])
    case members([Member])
    case null
    case bool(Bool)

    /// A part of an object. No tuple: one that holds the enumeration itself is "a circular reference" to some
    /// debug builds (Swift 6.3), depending on which files are compiled together.
    struct Member {
        let key: String
        let value: JSON
    }

    static func object(_ members: [(String, JSON)]) -> JSON {
        .members(members.map { Member(key: $0, value: $1) })
    }

    static func integers(_ values: [Int]) -> JSON { .array(values.map(JSON.integer)) }
    static func numbers(_ values: some Sequence<Float>) -> JSON { .array(values.map(JSON.number)) }
    static func strings(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }

    /// The value and a line's end, as UTF-8.
    var line: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private func write(into bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .string(let text): Self.write(text, into: &bytes)
        case .integer(let value): bytes += "\(value)".utf8
        case .number(let value):
            precondition(value.isFinite, "JSON has no infinity and no NaN")
            bytes += value.description.utf8
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(into: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .members(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.key, into: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(into: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": bytes += [UInt8(ascii: "\\"), UInt8(ascii: scalar)]
            // JSON has to escape the first range only; a terminal may obey the second one, too.
            case "\u{0}"..<"\u{20}", "\u{7F}"..."\u{9F}":
                let digits = String(scalar.value, radix: 16)
                bytes += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
            default: bytes += UTF8.encode(scalar)!
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
