/// SHA-1 (FIPS 180-4), which git names its objects by. It finds damage; it is no defence against forgery.
package struct SHA1: BlockHash {
    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0
    )
    package var pending: [UInt8] = []
    package var count: UInt64 = 0

    package init() {}

    package var words: [UInt32] { [state.0, state.1, state.2, state.3, state.4] }

    package static var scheduleCount: Int { 80 }

    package mutating func absorb(
        _ block: UnsafeRawBufferPointer, schedule w: UnsafeMutableBufferPointer<UInt32>
    ) {
        for t in 0..<16 { w[t] = bigEndianWord(block, t) }
        for t in 16..<80 { w[t] = rotated(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], right: 31) }
        var (a, b, c, d, e) = state
        for t in 0..<80 {
            let (f, k): (UInt32, UInt32) =
                switch t {
                case ..<20: ((b & c) | (~b & d), 0x5a82_7999)
                case ..<40: (b ^ c ^ d, 0x6ed9_eba1)
                case ..<60: ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc)
                default: (b ^ c ^ d, 0xca62_c1d6)
                }
            let next = rotated(a, right: 27) &+ f &+ e &+ k &+ w[t]
            (e, d, c, b, a) = (d, c, rotated(b, right: 2), a, next)
        }
        state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
    }
}
