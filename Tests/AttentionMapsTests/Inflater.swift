/// Undoes a zlib stream of fixed-Huffman blocks, written from RFC 1951 on its own so that a mistake of the
/// compressor's is not made twice. Errors give nil.
struct Inflater {
    private let bytes: [UInt8]
    private var position = 16  // bits; after the two bytes of zlib's header
    private var output: [UInt8] = []

    static func zlib(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count > 6, bytes[0] & 15 == 8, (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0 else {
            return nil
        }
        var inflater = Inflater(bytes: bytes)
        guard inflater.run() else { return nil }
        var (low, high) = (1, 0)
        for byte in inflater.output {
            low = (low + Int(byte)) % 65521
            high = (high + low) % 65521
        }
        let end = (inflater.position + 7) / 8
        guard end + 4 == bytes.count else { return nil }
        let stored = bytes[end...].reduce(0) { $0 << 8 | Int($1) }
        return stored == high << 16 | low ? inflater.output : nil
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func run() -> Bool {
        while true {
            guard let isLast = bits(1), let kind = bits(2), kind == 1 else { return false }
            while true {
                guard let symbol = symbol() else { return false }
                if symbol == 256 { break }
                if symbol < 256 { output.append(UInt8(symbol)) } else if !copy(symbol) { return false }
            }
            if isLast == 1 { return true }
        }
    }

    private mutating func copy(_ symbol: Int) -> Bool {
        let bases = [
            3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
            163,
            195, 227, 258,
        ]
        let extras = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
        let index = symbol - 257
        guard bases.indices.contains(index), let more = bits(extras[index]), let code = code(5), code < 30
        else { return false }
        let width = max(0, code / 2 - 1)
        guard let far = bits(width) else { return false }
        let distance = code < 4 ? code + 1 : (2 + code % 2) << width + far + 1
        guard distance <= output.count else { return false }
        for _ in 0..<bases[index] + more { output.append(output[output.count - distance]) }
        return true
    }

    private mutating func symbol() -> Int? {
        guard var value = code(7) else { return nil }
        if value <= 23 { return 256 + value }
        guard let eighth = bits(1) else { return nil }
        value = value << 1 | eighth
        if (48...191).contains(value) { return value - 48 }
        if (192...199).contains(value) { return 280 + value - 192 }
        guard let ninth = bits(1) else { return nil }
        return 144 + (value << 1 | ninth) - 400
    }

    private mutating func bits(_ count: Int) -> Int? {
        guard position + count <= bytes.count * 8 else { return nil }
        var value = 0
        for bit in 0..<count {
            value |= Int(bytes[position / 8] >> UInt8(position % 8) & 1) << bit
            position += 1
        }
        return value
    }

    private mutating func code(_ count: Int) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let bit = bits(1) else { return nil }
            value = value << 1 | bit
        }
        return value
    }
}
