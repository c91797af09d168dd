import CAttentionKernels
import Synchronization

/// An atomic number that a thread can wait for. It stands alone in its cache lines (two, which processors
/// fetch as a pair), so that a write to one number never slows down a read of another.
///
/// Every access is sequentially consistent: the pool's arguments are of the form "I write A and read B, you
/// write B and read A, so one of us sees the other".
struct WaitableCounter: @unchecked Sendable {
    // `@unchecked Sendable`: the address is a constant, and what it leads to is atomic.
    private let word: UnsafeMutablePointer<Atomic<Int>>

    init() {
        word = .init(
            UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128)
                .bindMemory(to: Atomic<Int>.self, capacity: 1))
        word.initialize(to: Atomic(0))
    }

    func deallocate() { UnsafeMutableRawPointer(word).deallocate() }

    var value: Int { word.pointee.load(ordering: .sequentiallyConsistent) }

    func set(_ value: Int) { word.pointee.store(value, ordering: .sequentiallyConsistent) }

    /// Adds, and returns what stood there before.
    @discardableResult func add(_ amount: Int) -> Int {
        word.pointee.add(amount, ordering: .sequentiallyConsistent).oldValue
    }

    @discardableResult func insert(_ bits: Int) -> Int {
        word.pointee.bitwiseOr(bits, ordering: .sequentiallyConsistent).oldValue
    }

    func remove(_ bits: Int) { word.pointee.bitwiseAnd(~bits, ordering: .sequentiallyConsistent) }

    /// Puts `new` where `old` stands; false if something else stands there.
    func exchange(_ old: Int, for new: Int) -> Bool {
        word.pointee.compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent).exchanged
    }

    /// Sleeps while the number is `value`. The system looks at the lower half alone, which stands first on
    /// every machine that the package runs on; a number never moves by a multiple of 2³² while a thread
    /// sleeps.
    func wait(while value: Int) { ak_wait(word, UInt32(truncatingIfNeeded: value)) }

    func wake(_ threads: Int) { ak_wake(word, Int32(clamping: threads)) }
}
