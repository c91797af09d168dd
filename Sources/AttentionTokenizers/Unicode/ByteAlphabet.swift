/// The bytes as visible scalars, one to one: what byte-level vocabularies are written in.
///
/// Printable bytes of Latin-1 stand for themselves; the others, in ascending order, for the scalars from
/// U+0100 on, so that a space is `Ġ` and a line feed `Ċ`.
///
/// - Note: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), `bytes_to_unicode`.
enum ByteAlphabet {
    /// The scalar of every byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0...255).map { (byte: UInt32) in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(UInt8(byte))
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? "\u{FFFD}"
            }
        }
    }()

    /// The byte of every scalar of the alphabet, -1 for the scalars between that are none.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
        return bytes
    }()

    /// The byte that a scalar stands for; nil for one outside the alphabet.
    static func byte(of scalar: Unicode.Scalar) -> UInt8? {
        guard scalar.value < bytes.count else { return nil }
        let byte = bytes[Int(scalar.value)]
        return byte < 0 ? nil : UInt8(byte)
    }
}
