/// Compresses bytes to a zlib stream (RFC 1950) of one deflate block with the fixed Huffman codes
/// (RFC 1951, section 3.2.6).
///
/// It looks for repeats at two distances only: one byte, and one row of pixels. Heat maps are made of flat
/// squares, so this finds nearly all that a full search would find, in a fraction of the code.
package enum Deflate {
    private static let longestMatch = 258
    private static let farthestMatch = 32_768

    /// - Parameter row: The length of a row, at whose distance repeats are looked for.
    package static func zlib(_ bytes: [UInt8], row: Int) -> [UInt8] {
        var bits = BitWriter(bytes: [0x78, 0x01])  // deflate, a window of 32 KiB, fastest level
        bits.write(1, count: 1)  // the last block
        bits.write(1, count: 2)  // fixed codes
        let distances = row > 1 && row <= farthestMatch ? [row, 1] : [1]
        var position = 0
        while position < bytes.count {
            var best = (length: 0, distance: 0)
            for distance in distances where distance <= position {
                let length = matchLength(bytes, at: position, distance: distance)
                if length > best.length { best = (length, distance) }
            }
            if best.length >= 3 {
                writeLength(best.length, to: &bits)
                writeDistance(best.distance, to: &bits)
                position += best.length
            } else {
                writeSymbol(Int(bytes[position]), to: &bits)
                position += 1
            }
        }
        writeSymbol(256, to: &bits)
        bits.flush()
        return bits.bytes + bigEndian(adler32(bytes))
    }

    /// RFC 1950, section 8.2.
    static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return high << 16 | low
    }

    static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func matchLength(_ bytes: [UInt8], at position: Int, distance: Int) -> Int {
        let limit = min(longestMatch, bytes.count - position)
        var length = 0
        while length < limit, bytes[position + length] == bytes[position + length - distance] { length += 1 }
        return length
    }

    /// A literal byte, the end of the block (256) or a length's code.
    private static func writeSymbol(_ symbol: Int, to bits: inout BitWriter) {
        switch symbol {
        case 0...143: bits.writeCode(0x30 + symbol, count: 8)
        case 144...255: bits.writeCode(0x190 + symbol - 144, count: 9)
        case 256...279: bits.writeCode(symbol - 256, count: 7)
        default: bits.writeCode(0xC0 + symbol - 280, count: 8)
        }
    }

    /// Lengths 3 to 258 (RFC 1951, section 3.2.5): four codes a power of two, and 258 alone.
    private static func writeLength(_ length: Int, to bits: inout BitWriter) {
        if length == longestMatch { return writeSymbol(285, to: &bits) }
        let value = length - 3
        if value < 8 { return writeSymbol(257 + value, to: &bits) }
        let extra = Int.bitWidth - 1 - value.leadingZeroBitCount - 2
        writeSymbol(257 + extra * 4 + (value >> extra), to: &bits)
        bits.write(value & (1 << extra - 1), count: extra)
    }

    /// Distances 1 to 32768: two codes of five bits a power of two.
    private static func writeDistance(_ distance: Int, to bits: inout BitWriter) {
        let value = distance - 1
        if value < 4 { return bits.writeCode(value, count: 5) }
        let extra = Int.bitWidth - 1 - value.leadingZeroBitCount - 1
        bits.writeCode(extra * 2 + (value >> extra), count: 5)
        bits.write(value & (1 << extra - 1), count: extra)
    }
}

/// Packs bits into bytes from the lowest bit up.
private struct BitWriter {
    var bytes: [UInt8]
    private var pending: UInt64 = 0
    private var pendingCount = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func write(_ value: Int, count: Int) {
        pending |= UInt64(value) << UInt64(pendingCount)
        pendingCount += count
        while pendingCount >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            pendingCount -= 8
        }
    }

    /// Huffman codes are packed from their highest bit.
    mutating func writeCode(_ code: Int, count: Int) {
        var reversed = 0
        for bit in 0..<count where code >> bit & 1 == 1 { reversed |= 1 << (count - 1 - bit) }
        write(reversed, count: count)
    }

    mutating func flush() {
        if pendingCount > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
        pendingCount = 0
    }
}
