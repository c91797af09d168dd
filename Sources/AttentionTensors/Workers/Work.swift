/// An estimate of a loop's duration on one thread. It alone decides which loops are too short to split.
///
/// The estimates are for a fast core, so that a slow one splits a little later than it could.
public struct Work: Sendable, Comparable {
    /// The estimate.
    public let nanoseconds: Int

    /// Work of an estimated duration.
    public init(nanoseconds: Int) { self.nanoseconds = nanoseconds }

    /// An unknown amount, taken to be enough for every thread.
    public static let ample = Work(nanoseconds: .max)

    /// Multiply-adds of float32 in registers: 120 GFLOP/s.
    public static func multiplyAdds(_ count: Int) -> Work { Work(nanoseconds: count / 64) }

    /// Bytes read or written once, from a cache.
    public static func bytes(_ count: Int) -> Work { Work(nanoseconds: count / 16) }

    /// A loop shorter than this stays on its caller's thread: a join costs up to 0.4 µs.
    static let worthSharing = Work(nanoseconds: 2_000)
    /// The least work for which a sleeping thread is woken. On a virtual machine the wake-up costs its caller
    /// 8 µs and the thread begins 20 to 50 µs later, so that a lone loop gains from 40 µs on; but a loop is
    /// rarely alone.
    static let worthWaking = Work(nanoseconds: 20_000)

    /// Whether `a` is less work than `b`.
    public static func < (a: Work, b: Work) -> Bool { a.nanoseconds < b.nanoseconds }
}
