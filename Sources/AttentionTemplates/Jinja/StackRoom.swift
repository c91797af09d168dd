/// How much stack a walk through something nested has taken since it began. The limits of nesting fit into
/// the 512 KiB of a pool's thread as the optimised program takes them; a debug build takes several times as
/// much.
struct StackRoom {
    private let start = Self.here
    private static let most: UInt = 400 << 10

    static let message = "more levels of nesting than fit into a thread's stack"

    /// Whether a few more frames fit.
    var isLeft: Bool {
        let here = Self.here
        return max(here, start) - min(here, start) < Self.most
    }

    /// Where the current frame lies, or one that it calls.
    @inline(never) private static var here: UInt {
        var byte: UInt8 = 0
        return withUnsafeMutablePointer(to: &byte) { UInt(bitPattern: $0) }
    }
}
