/// Reads zlib streams (RFC 1950 and RFC 1951).
package enum Inflate {
    /// The content of a zlib stream; nil if the stream is damaged.
    package static func zlib(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count > 6, bytes[0] & 15 == 8, (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0 else {
            return nil
        }
        var reader = InflateReader(bytes: bytes)
        guard reader.run() else { return nil }
        let end = (reader.position + 7) / 8
        guard end + 4 == bytes.count else { return nil }
        let stored = bytes[end...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return stored == Deflate.adler32(reader.output) ? reader.output : nil
    }
}

/// A Huffman code by its lengths, decoded canonically (RFC 1951, section 3.2.2).
private struct HuffmanCode {
    /// How many codes have each length, 0 to 15.
    private var counts = [Int](repeating: 0, count: 16)
    /// The symbols in the order of their codes.
    private var symbols: [Int] = []

    init(lengths: [Int]) {
        for length in lengths { counts[length] += 1 }
        counts[0] = 0
        symbols = (1..<16).flatMap { length in lengths.indices.filter { lengths[$0] == length } }
    }

    func symbol(_ nextBit: () -> Int?) -> Int? {
        var (code, first, index) = (0, 0, 0)
        for length in 1..<16 {
            guard let bit = nextBit() else { return nil }
            code = code << 1 | bit
            if code >= first, code - first < counts[length] { return symbols[index + code - first] }
            index += counts[length]
            first = (first + counts[length]) << 1
        }
        return nil
    }
}

private struct InflateReader {
    private let bytes: [UInt8]
    private(set) var position = 16  // bits; after the two bytes of zlib's header
    private(set) var output: [UInt8] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() -> Bool {
        while true {
            guard let isLast = bits(1), let kind = bits(2) else { return false }
            switch kind {
            case 0: guard copyStored() else { return false }
            case 1:
                let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
                let distances = HuffmanCode(lengths: Array(repeating: 5, count: 30))
                guard decode(HuffmanCode(lengths: lengths), distances) else { return false }
            case 2:
                guard let (literals, distances) = codes(), decode(literals, distances) else { return false }
            default: return false
            }
            if isLast == 1 { return true }
        }
    }

    private mutating func copyStored() -> Bool {
        position = (position + 7) / 8 * 8
        guard let count = bits(16), let check = bits(16), count ^ check == 0xFFFF else { return false }
        let start = position / 8
        guard start + count <= bytes.count else { return false }
        output += bytes[start..<start + count]
        position += 8 * count
        return true
    }

    /// The codes of a block that brings its own (section 3.2.7).
    private mutating func codes() -> (HuffmanCode, HuffmanCode)? {
        guard let literals = bits(5), let distances = bits(5), let lengths = bits(4) else { return nil }
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        var own = [Int](repeating: 0, count: 19)
        for place in order.prefix(lengths + 4) {
            guard let length = bits(3) else { return nil }
            own[place] = length
        }
        let code = HuffmanCode(lengths: own)
        var all: [Int] = []
        while all.count < literals + 257 + distances + 1 {
            guard let symbol = symbol(code) else { return nil }
            switch symbol {
            case 16:
                guard let last = all.last, let more = bits(2) else { return nil }
                all += Array(repeating: last, count: 3 + more)
            case 17:
                guard let more = bits(3) else { return nil }
                all += Array(repeating: 0, count: 3 + more)
            case 18:
                guard let more = bits(7) else { return nil }
                all += Array(repeating: 0, count: 11 + more)
            default: all.append(symbol)
            }
        }
        guard all.count == literals + 257 + distances + 1 else { return nil }
        return (
            HuffmanCode(lengths: Array(all[..<(literals + 257)])),
            HuffmanCode(lengths: Array(all[(literals + 257)...]))
        )
    }

    private mutating func decode(_ literals: HuffmanCode, _ distances: HuffmanCode) -> Bool {
        while true {
            guard let symbol = symbol(literals) else { return false }
            if symbol == 256 { return true }
            if symbol < 256 {
                output.append(UInt8(symbol))
            } else {
                guard copy(symbol - 257, distances) else { return false }
            }
        }
    }

    private static let lengthBases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
        195,
        227, 258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]

    private mutating func copy(_ index: Int, _ distances: HuffmanCode) -> Bool {
        guard Self.lengthBases.indices.contains(index), let more = bits(Self.lengthBits[index]),
            let code = symbol(distances), code < 30, let far = bits(max(0, code / 2 - 1))
        else { return false }
        let distance = code < 4 ? code + 1 : (2 + code % 2) << (code / 2 - 1) + far + 1
        guard distance <= output.count else { return false }
        for _ in 0..<Self.lengthBases[index] + more { output.append(output[output.count - distance]) }
        return true
    }

    private mutating func symbol(_ code: HuffmanCode) -> Int? { code.symbol { bits(1) } }

    private mutating func bits(_ count: Int) -> Int? {
        guard position + count <= bytes.count * 8 else { return nil }
        var value = 0
        for bit in 0..<count {
            value |= Int(bytes[position / 8] >> UInt8(position % 8) & 1) << bit
            position += 1
        }
        return value
    }
}
