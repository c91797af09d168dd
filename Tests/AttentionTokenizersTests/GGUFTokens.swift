/// Reads the token texts of a GGUF file (`tokenizer.ggml.tokens`), and nothing else of it.
struct GGUFTokens {
    private let bytes: [UInt8]
    private var position = 0

    /// The texts, or nil where the file has none.
    static func read(_ bytes: [UInt8]) -> [String]? {
        var reader = GGUFTokens(bytes: bytes)
        return reader.tokens()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func tokens() -> [String]? {
        guard number(4) == 0x4655_4747, number(4) != nil, number(8) != nil, let count = number(8) else {
            return nil
        }
        for _ in 0..<count {
            guard let key = string(), let type = number(4) else { return nil }
            if key == "tokenizer.ggml.tokens" {
                guard number(4) == 8, let length = number(8) else { return nil }
                return (0..<length).compactMap { _ in string() }
            }
            guard skip(type) else { return nil }
        }
        return nil
    }

    private mutating func number(_ width: Int) -> Int? {
        guard position + width <= bytes.count else { return nil }
        defer { position += width }
        return (0..<width).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
    }

    private mutating func string() -> String? {
        guard let count = number(8), count >= 0, count <= bytes.count - position else { return nil }
        defer { position += count }
        return String(decoding: bytes[position..<position + count], as: UTF8.self)
    }

    private mutating func skip(_ type: Int) -> Bool {
        let widths = [1, 1, 2, 2, 4, 4, 4, 1, -1, -1, 8, 8, 8]
        guard widths.indices.contains(type) else { return false }
        if type == 8 { return string() != nil }
        if type == 9 {
            guard let element = number(4), let count = number(8) else { return false }
            return (0..<count).allSatisfy { _ in skip(element) }
        }
        return number(widths[type]) != nil
    }
}
