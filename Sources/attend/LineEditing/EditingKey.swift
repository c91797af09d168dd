import AttentionJSON

/// A key, or a piece of text, that is typed at a terminal.
enum EditingKey: Equatable {
    case text(String)
    case enter
    case left, right, wordLeft, wordRight, home, end
    case backspace, delete, killWord, killToStart, killToEnd
    case previous, next
    /// Ctrl-C.
    case cancel
    /// Ctrl-D.
    case endOfInput
    /// Ctrl-L.
    case redraw
    /// Ctrl-Z.
    case suspend
    case unknown
}

/// Reads keys from a terminal's bytes: characters in UTF-8, control characters, and the sequences of cursor
/// keys and pasted text.
struct KeyReader {
    /// The next byte; nil at the end.
    let byte: () -> UInt8?

    private static let pasteStart: ExactString = "200~"
    private static let pasteEnd: [UInt8] = [0x1B] + Array("[201~".utf8)
    /// Pasted text is cut here.
    private static let longestPaste = 1 << 20

    /// The next key; nil at the end.
    func next() -> EditingKey? {
        guard let first = byte() else { return nil }
        switch first {
        case 0x01: return .home
        case 0x02: return .left
        case 0x03: return .cancel
        case 0x04: return .endOfInput
        case 0x05: return .end
        case 0x06: return .right
        case 0x08, 0x7F: return .backspace
        case 0x09: return .text("\t")
        case 0x0A, 0x0D: return .enter
        case 0x0B: return .killToEnd
        case 0x0C: return .redraw
        case 0x0E: return .next
        case 0x10: return .previous
        case 0x15: return .killToStart
        case 0x17: return .killWord
        case 0x1A: return .suspend
        case 0x1B: return escape()
        case 0x00..<0x20: return .unknown
        default: return character(first)
        }
    }

    private func character(_ first: UInt8) -> EditingKey? {
        let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var bytes = [first]
        while bytes.count < length {
            guard let next = byte() else { return nil }
            bytes.append(next)
        }
        return String(validating: bytes, as: UTF8.self).map(EditingKey.text) ?? .unknown
    }

    private func escape() -> EditingKey? {
        guard let second = byte() else { return nil }
        switch second {
        case UInt8(ascii: "b"): return .wordLeft
        case UInt8(ascii: "f"): return .wordRight
        case 0x7F: return .killWord
        case UInt8(ascii: "["), UInt8(ascii: "O"): break
        default: return .unknown
        }
        var sequence = ""
        while sequence.utf8.count < 16 {
            guard let next = byte() else { return nil }
            sequence.unicodeScalars.append(Unicode.Scalar(next))
            if (0x40...0x7E).contains(next) { break }
        }
        switch ExactString(sequence) {
        case "A": return .previous
        case "B": return .next
        case "C": return .right
        case "D": return .left
        case "H", "1~", "7~": return .home
        case "F", "4~", "8~": return .end
        case "3~": return .delete
        case "1;5C", "1;3C": return .wordRight
        case "1;5D", "1;3D": return .wordLeft
        case Self.pasteStart: return pasted()
        default: return .unknown
        }
    }

    private func pasted() -> EditingKey? {
        var bytes: [UInt8] = []
        while !bytes.suffix(Self.pasteEnd.count).elementsEqual(Self.pasteEnd) {
            guard let next = byte() else { return nil }
            bytes.append(next == 0x0D ? 0x0A : next)
            // The end is still waited for.
            if bytes.count > Self.longestPaste { bytes.remove(at: 0) }
        }
        return .text(String(decoding: bytes.dropLast(Self.pasteEnd.count), as: UTF8.self))
    }
}
