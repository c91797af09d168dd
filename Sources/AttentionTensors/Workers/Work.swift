/// About how long a loop takes on one thread. The one place that knows what is too short to split.
///
/// The estimates are for a fast core, so that a slow one splits a little later than it could.
public struct Work: Sendable, Comparable {
    /// The estimate.
    public let nanoseconds: Int

    /// Work that takes about so long.
    public init(nanoseconds: Int) { self.nanoseconds = nanoseconds }

    /// Enough for every thread, as far as anybody knows.
    public static let ample = Work(nanoseconds: .max)

    /// Multiply-adds of float32 in registers: 120 GFLOP/s.
    public static func multiplyAdds(_ count: Int) -> Work { Work(nanoseconds: count / 64) }

    /// Bytes read or written once, from a cache.
    public static func bytes(_ count: Int) -> Work { Work(nanoseconds: count / 16) }

    /// A loop shorter than this stays on its caller's thread: a join costs up to 0.4 µs.
    static let worthSharing = Work(nanoseconds: 2_000)
    /// What a thread that sleeps must find to be woken for. On a virtual machine the call costs its caller 8
    /// µs and the thread begins 20 to 50 µs later, so that a lone loop gains from 40 µs on; but rarely is it
    /// alone.
    static let worthWaking = Work(nanoseconds: 20_000)

    /// Whether `a` is less work than `b`.
    public static func < (a: Work, b: Work) -> Bool { a.nanoseconds < b.nanoseconds }
}
