import CAttentionKernels
import Synchronization

/// The pages of a mapped file, which is only read.
///
/// A file's pages are small, and one thread streams them a third slower than large ones (20 to 25 GB/s
/// instead of 30 to 35 on a core of Zen 4; two threads a tenth). So bytes that are read again and again, a
/// decoder's weights, move: window by window, large pages with the same bytes take the place of the file's,
/// at the same addresses. It costs as much as reading the bytes five times, and the memory is then the
/// process's own instead of the file's.
final class FilePages: Sendable {
    private let start: Int
    private let byteCount: Int
    private let state = Mutex(State())

    private struct State {
        /// The windows, of a large page each and counted from address 0, that no longer are the file's.
        var settled: Set<Int> = []
        /// Whether there are large pages for more of the file; nil: not known yet.
        var hasRoom: Bool?
        /// Whether the file has its share of the budget.
        var hasReserved = false
    }

    private static let window = SystemMemory.largePage

    init(of bytes: UnsafeRawBufferPointer) {
        start = Int(bitPattern: bytes.baseAddress)
        byteCount = bytes.count
    }

    /// Lets the system take back the file's pages around `bytes`. A later read of a neighbour brings its page
    /// back.
    ///
    /// Around one page that is read Linux maps 64 KiB, or the 2 MiB that its page cache has in one piece:
    /// left behind at both ends of each of a model's matrices, they would be a third of a small one's memory.
    func forget(_ bytes: Range<Int>) {
        guard !bytes.isEmpty else { return }
        let (first, last) = (
            (start + bytes.lowerBound) / Self.window, (start + bytes.upperBound - 1) / Self.window
        )
        // Nothing may settle meanwhile: a large page that is forgotten is lost.
        state.withLock { state in
            for window in first...last where !state.settled.contains(window) {
                let addresses = window * Self.window..<(window + 1) * Self.window
                SystemMemory.forget(addresses.clamped(to: start..<start + byteCount))
            }
        }
    }

    /// Brings all that surrounds `bytes`, as far as large pages fit into the mapping, onto large pages.
    func settle(_ bytes: Range<Int>) {
        let (first, end) = ((start + Self.window - 1) / Self.window, (start + byteCount) / Self.window)
        let wanted = (start + bytes.lowerBound) / Self.window..<(start + bytes.upperBound) / Self.window + 1
        // A thread that enters a window here has it for itself.
        let windows = state.withLock { state in
            if state.hasRoom == nil {
                state.hasReserved = LargePageBudget.reserve(byteCount)
                state.hasRoom = state.hasReserved
            }
            let hasRoom = state.hasRoom == true
            return wanted.filter { hasRoom && first <= $0 && $0 < end && state.settled.insert($0).inserted }
        }
        let isMoved = WorkerPool.current.map(count: windows.count) { index in
            ak_use_large_page(UnsafeMutableRawPointer(bitPattern: windows[index] * Self.window)) != 0
        }
        guard isMoved.contains(false) else { return }
        // The system has no more of them: the rest stays the file's.
        state.withLock { state in
            state.hasRoom = false
            for (window, isMoved) in zip(windows, isMoved) where !isMoved { state.settled.remove(window) }
        }
    }

    deinit {
        if state.withLock({ $0.hasReserved }) { LargePageBudget.giveBack(byteCount) }
    }
}
