import AttentionJSON

/// Puts the bytes together that tokens such as `<0xE2>` stand for.
///
/// A run of such tokens that is not UTF-8 becomes one replacement character a byte. While tokens come one
/// by one, the run's beginning is settled as soon as it is whole characters.
struct ByteFallback: TokenDecoder {
    static let type = "ByteFallback"

    init() {}
    init(reading value: JSONValue) {}

    func makeStage() -> any DecodingStage { Stage() }

    func bytes(of token: String) -> [UInt8] { Self.byte(of: token).map { [$0] } ?? Array(token.utf8) }

    private struct Stage: DecodingStage {
        private var pending: [UInt8] = []

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            var decoded: [DecodedPart] = []
            for part in parts {
                if part.beginsToken, let byte = ByteFallback.byte(of: part.text) {
                    pending.append(byte)
                } else {
                    flush(to: &decoded)
                    decoded.append(part)
                }
            }
            if isLast {
                flush(to: &decoded)
            } else if !pending.isEmpty, let text = String(validating: pending, as: UTF8.self) {
                decoded.append(DecodedPart(text: text))
                pending = []
            }
            return decoded
        }

        private mutating func flush(to decoded: inout [DecodedPart]) {
            guard !pending.isEmpty else { return }
            if let text = String(validating: pending, as: UTF8.self) {
                decoded.append(DecodedPart(text: text))
            } else {
                decoded += pending.map { _ in DecodedPart(text: "\u{FFFD}") }
            }
            pending = []
        }
    }

    /// The byte of a token `<0xE2>`; nil for any other.
    static func byte(of token: String) -> UInt8? {
        let bytes = token.utf8
        guard bytes.count == 6, bytes.starts(with: "<0x".utf8), bytes.last == UInt8(ascii: ">") else {
            return nil
        }
        let digits = bytes.dropFirst(3).dropLast()
        // A number's sign would be read too.
        guard digits.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x46).contains($0 & 0xDF) }) else {
            return nil
        }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
