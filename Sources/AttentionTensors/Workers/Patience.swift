import CAttentionKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Waiting for a moment without sleeping. Counted in time: a processor's pause is 40 cycles on some and 140
/// on others.
struct Patience: ~Copyable {
    private let nanoseconds: Int
    private var end = 0
    private var asked = 0

    init(nanoseconds: Int) { self.nanoseconds = nanoseconds }

    /// Pauses; false when the time is over.
    mutating func lasts() -> Bool {
        ak_spin_hint()
        asked += 1
        guard asked % 32 == 0 else { return true }
        let now = Self.now
        if end == 0 { end = now + nanoseconds }
        return now < end
    }

    /// Begins anew.
    mutating func renew() { (end, asked) = (0, 0) }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }
}
