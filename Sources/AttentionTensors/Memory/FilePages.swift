import CAttentionKernels
import Synchronization

/// The pages of a mapped file, which is only read.
///
/// A file's pages are small ones, and one thread streams them a third slower than large ones (20 to 25 GB/s instead of 30
/// to 35 on a core of Zen 4; two threads a tenth). So what is read again and again, a decoder's weights, moves: window by
/// window, large pages with the same bytes take the place of the file's, at the same addresses. It costs what reading the
/// bytes five times costs, and the memory is then the process's own instead of the file's.
final class FilePages: Sendable {
    private let start: Int
    private let byteCount: Int
    private let state = Mutex(State())

    private struct State {
        /// Which windows of the size of a large page, counted from address 0, no longer are the file's.
        var settled: Set<Int> = []
        /// Whether there is memory for all of the file; asked once.
        var hasRoom: Bool?
    }

    private static let window = Int(AK_LARGE_PAGE)

    init(of bytes: UnsafeRawBufferPointer) {
        start = Int(bitPattern: bytes.baseAddress)
        byteCount = bytes.count
    }

    /// Lets the system take back the pages that lie within `bytes` whole and are the file's.
    func forget(_ bytes: Range<Int>) {
        // Nothing may settle meanwhile: what is forgotten of a large page is lost.
        state.withLock { state in
            var first = start + bytes.lowerBound
            let end = start + bytes.upperBound
            while first < end {
                let window = first / Self.window
                let next = min((window + 1) * Self.window, end)
                if !state.settled.contains(window) { SystemMemory.forget(first..<next) }
                first = next
            }
        }
    }

    /// Brings all that surrounds `bytes`, as far as large pages fit into the mapping, onto large pages.
    func settle(_ bytes: Range<Int>) {
        let (first, end) = ((start + Self.window - 1) / Self.window, (start + byteCount) / Self.window)
        let wanted = (start + bytes.lowerBound) / Self.window..<(start + bytes.upperBound) / Self.window + 1
        // Who enters a window here has it for itself.
        let windows = state.withLock { state in
            let hasRoom = state.hasRoom ?? SystemMemory.hasRoomOnLargePages(for: byteCount)
            state.hasRoom = hasRoom
            return wanted.filter { hasRoom && first <= $0 && $0 < end && state.settled.insert($0).inserted }
        }
        WorkerPool.current.run(count: windows.count) { index, _ in
            _ = ak_use_large_page(UnsafeMutableRawPointer(bitPattern: windows[index] * Self.window))
        }
    }
}
