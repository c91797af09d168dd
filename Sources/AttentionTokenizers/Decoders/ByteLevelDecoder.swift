import AttentionJSON

/// Reads tokens that are written in the ``ByteAlphabet``. All of them together are one text in UTF-8.
struct ByteLevelDecoder: TokenDecoder {
    static let type = "ByteLevel"

    init() {}
    init(reading value: JSONValue) {}

    func makeStage() -> any DecodingStage { Stage() }

    var joinsTokens: Bool { true }

    func bytes(of token: String) -> [UInt8] { Self.bytes(of: token) }

    /// A token that is not written in the alphabet stands for itself.
    private static func bytes(of token: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in token.unicodeScalars {
            guard let byte = ByteAlphabet.byte(of: scalar) else { return Array(token.utf8) }
            bytes.append(byte)
        }
        return bytes
    }

    private struct Stage: DecodingStage {
        /// The beginning of a character that is not complete.
        private var pending: [UInt8] = []
        private var isFirst = true

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            for part in parts {
                pending += ByteLevelDecoder.bytes(of: part.text)
            }
            let count = isLast ? pending.count : UTF8Boundary.complete(pending)
            guard count > 0 else { return [] }
            let text = String(decoding: pending[..<count], as: UTF8.self)
            pending.removeFirst(count)
            defer { isFirst = false }
            return [DecodedPart(text: text, beginsToken: isFirst)]
        }
    }
}

enum UTF8Boundary {
    /// The number of bytes before a character that further bytes may complete.
    static func complete(_ bytes: [UInt8]) -> Int {
        // The last byte that is no continuation says how many bytes its character has.
        for length in 1...4 where length <= bytes.count {
            let start = bytes.count - length
            let byte = bytes[start]
            if byte & 0xC0 == 0x80 { continue }
            let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return needed > length && canBegin(bytes[start...]) ? start : bytes.count
        }
        return bytes.count
    }

    /// Whether a character can begin with these bytes (Unicode Standard, table 3-7).
    private static func canBegin(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first else { return false }
        let seconds: ClosedRange<UInt8> =
            switch first {
            case 0xC2...0xDF, 0xE1...0xEC, 0xEE...0xEF, 0xF1...0xF3: 0x80...0xBF
            case 0xE0: 0xA0...0xBF
            case 0xED: 0x80...0x9F
            case 0xF0: 0x90...0xBF
            case 0xF4: 0x80...0x8F
            default: 0...0
            }
        guard seconds != 0...0 else { return false }
        return bytes.count == 1 || seconds.contains(bytes[bytes.startIndex + 1])
    }
}
