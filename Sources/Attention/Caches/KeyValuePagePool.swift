import AttentionTensors
import Synchronization

/// Pages of memory for the caches of any number of sequences and layers that share one layout. Sequences of
/// unequal lengths take the pages that they need, and pages that one gives back serve another. The pages in
/// use never exceed a limit.
public final class KeyValuePagePool: Sendable {
    /// The layout of every page.
    public let layout: KeyValueLayout
    /// Positions of a page.
    public let pageLength: Int
    /// The most pages that are in use at once.
    public let pageLimit: Int

    private struct State {
        var used = 0
        /// Pages that were given back.
        var free: [TensorStorage] = []
    }

    private let state = Mutex(State())
    package let pageBytes: Int

    /// - Parameters:
    ///   - layout: What a position keeps.
    ///   - pageLength: Positions of a page, a multiple of 32, so that sums do not depend on where pages end.
    ///   - pageLimit: The most pages in use at once. Memory is taken when a page is first used.
    /// - Throws: `TensorError.invalidArgument` for sizes that cannot be.
    public init(layout: KeyValueLayout, pageLength: Int = 64, pageLimit: Int) throws(TensorError) {
        guard pageLength > 0, pageLength % 32 == 0, pageLimit >= 0 else {
            throw .invalidArgument(
                "\(pageLimit) pages of \(pageLength) positions; a page has a multiple of 32 positions")
        }
        pageBytes = try layout.pageBytes(pageLength)
        self.layout = layout
        self.pageLength = pageLength
        self.pageLimit = pageLimit
    }

    /// The pages that are not in use.
    public var freePages: Int { state.withLock { pageLimit - $0.used } }
    /// The pages that are in use.
    public var usedPages: Int { state.withLock { $0.used } }

    /// A page with undefined contents.
    ///
    /// - Throws: ``KeyValueCacheError/outOfPages(needed:free:)``.
    func takePage() throws(KeyValueCacheError) -> KeyValuePage {
        let storage: TensorStorage?? = state.withLock { state in
            guard state.used < pageLimit else { return nil }
            state.used += 1
            return .some(state.free.popLast())
        }
        guard let storage else { throw .outOfPages(needed: 1, free: 0) }
        return KeyValuePage(storage ?? TensorStorage(byteCount: pageBytes), of: self)
    }

    fileprivate func giveBack(_ storage: TensorStorage) {
        state.withLock { state in
            state.used -= 1
            state.free.append(storage)
        }
    }
}

/// Some neighbouring positions of one sequence: keys and values of all heads. Sequences with a common
/// beginning share its pages; a page is written only while it has one owner.
///
/// `@unchecked Sendable`: bytes are written only through ``KeyValueCache``, after it has made sure that no
/// other sequence shares the page.
final class KeyValuePage: @unchecked Sendable {
    let storage: TensorStorage
    private let pool: KeyValuePagePool?

    /// - Parameter pool: Where the storage goes when the page's last owner is gone; nil: back to the system.
    init(_ storage: TensorStorage, of pool: KeyValuePagePool? = nil) {
        self.storage = storage
        self.pool = pool
    }

    deinit { pool?.giveBack(storage) }
}
