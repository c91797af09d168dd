import Foundation

/// FIPS 180-4's SHA-256, for the hashes of the page's policy.
enum SHA256 {
    /// A hash as content security policies write it.
    static func source(of text: String) -> String {
        "sha256-" + Data(digest(Array(text.utf8))).base64EncodedString()
    }

    static func digest(_ message: [UInt8]) -> [UInt8] {
        let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }.prefix(64)
        // Double's 53 bits hold the 32 bits of a fraction after at most 5 of a whole part.
        func fraction(_ value: Double) -> UInt32 { UInt32((value - value.rounded(.down)) * 4_294_967_296) }
        let constants = primes.map { fraction(cbrt(Double($0))) }
        var state = primes.prefix(8).map { fraction(Double($0).squareRoot()) }
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count * 8)
        padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
        for start in stride(from: 0, to: padded.count, by: 64) {
            mix(Array(padded[start..<start + 64]), constants, &state)
        }
        return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
    }

    private static func mix(_ block: [UInt8], _ constants: [UInt32], _ state: inout [UInt32]) {
        func turn(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }
        var words = (0..<16).map { i in block[4 * i..<4 * i + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
        for i in 16..<64 {
            let (a, b) = (words[i - 15], words[i - 2])
            let low = turn(a, 7) ^ turn(a, 18) ^ a >> 3
            let high = turn(b, 17) ^ turn(b, 19) ^ b >> 10
            words.append(words[i - 16] &+ low &+ words[i - 7] &+ high)
        }
        var v = state
        for i in 0..<64 {
            let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
            let sum1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)
            let first = v[7] &+ sum1 &+ choice &+ constants[i] &+ words[i]
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
            let second = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) &+ majority
            v = [first &+ second, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
        }
        for i in 0..<8 { state[i] &+= v[i] }
    }
}
