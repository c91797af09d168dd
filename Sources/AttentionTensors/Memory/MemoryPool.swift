import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The memory of tensors and of intermediate results, kept between uses.
///
/// Fresh memory costs a page fault every 4 KiB, more than the work of a small attention; so memory that a
/// tensor gives back waits here for the next tensor of its size. Sizes are rounded up to the next of four in
/// every doubling. The repeated steps of a decoder or of a training loop soon find everything they need, and
/// ask the system for nothing more; ``statistics`` shows it.
///
/// The pool never keeps more than ``limit`` allows; the memory that has waited longest goes first.
public enum MemoryPool {
    /// Counts of the memory that the pool has handed out and keeps.
    public struct Statistics: Sendable, Equatable {
        /// Bytes of tensors and intermediate results that are alive, rounded up to the pool's sizes.
        public fileprivate(set) var bytesInUse = 0
        /// The most that ``bytesInUse`` has ever been.
        public fileprivate(set) var peakBytesInUse = 0
        /// Bytes that wait for their next use.
        public fileprivate(set) var bytesKept = 0
        /// How often the system was asked for memory.
        public fileprivate(set) var systemAllocations = 0
    }

    /// The numbers of this moment, since the process began.
    public static var statistics: Statistics { shelves.withLock { $0.statistics } }

    /// The most bytes that wait for their next use. Nil, the default: 256 MiB, or the peak use so far if that
    /// is more.
    public static var limit: Int? {
        get { shelves.withLock { $0.limit } }
        set {
            SystemMemory.free(
                shelves.withLock { shelves in
                    shelves.limit = newValue.map { max($0, 0) }
                    return shelves.takeOldest(leaving: shelves.mostKept)
                })
        }
    }

    /// Gives memory that waits for its next use back to the system, the oldest first, until at most `bytes`
    /// are kept.
    public static func trim(to bytes: Int = 0) {
        SystemMemory.free(shelves.withLock { $0.takeOldest(leaving: max(bytes, 0)) })
    }

    private static let shelves = Mutex(Shelves())
}

extension MemoryPool {
    /// Uninitialised memory, aligned to a cache line. Give it back with the same `byteCount`.
    static func take(byteCount: Int) -> UnsafeMutableRawPointer {
        let size = SizeClass(byteCount: byteCount)
        let block = shelves.withLock { $0.take(size) } ?? fresh(size)
        if SystemMemory.scribbles { memset(block.address, 0xFF, byteCount) }
        return block.address
    }

    static func giveBack(_ address: UnsafeMutableRawPointer, byteCount: Int) {
        let block = MemoryBlock(address: address, size: SizeClass(byteCount: byteCount))
        SystemMemory.free(
            shelves.withLock { shelves in
                shelves.put(block)
                return shelves.takeOldest(leaving: shelves.mostKept)
            })
    }

    private static func fresh(_ size: SizeClass) -> MemoryBlock {
        if let block = SystemMemory.allocate(size) { return block }
        trim()
        guard let block = SystemMemory.allocate(size) else {
            fatalError("the system has no \(size.byteCount) bytes of memory left")
        }
        return block
    }

    /// Calls `body` with uninitialised memory for `count` floats, aligned to a cache line.
    package static func withFloats<R, E: Error>(
        _ count: Int, _ body: (UnsafeMutablePointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        let byteCount = count * MemoryLayout<Float>.stride
        let memory = take(byteCount: byteCount)
        defer { giveBack(memory, byteCount: byteCount) }
        return try body(memory.bindMemory(to: Float.self, capacity: count))
    }

    /// The same, with nil where none are wanted.
    static func withScratch<R, E: Error>(
        _ count: Int, _ body: (UnsafeMutablePointer<Float>?) throws(E) -> R
    ) throws(E) -> R {
        guard count > 0 else { return try body(nil) }
        return try withFloats(count, body)
    }
}

/// `@unchecked Sendable`: a block is on a shelf or in one owner's hands, never both.
struct MemoryBlock: @unchecked Sendable {
    let address: UnsafeMutableRawPointer
    let size: SizeClass
}

/// The blocks that wait, a list for each size. A block's own first words hold the list together.
private struct Shelves {
    private struct Shelf {
        var first: UnsafeMutableRawPointer?
        /// The time of the latest use, counted in uses of the pool.
        var used = 0
    }

    var statistics = MemoryPool.Statistics()
    var limit: Int?
    private var shelves = [Shelf](repeating: Shelf(), count: SizeClass.count)
    private var uses = 0

    var mostKept: Int { limit ?? max(256 << 20, statistics.peakBytesInUse) }

    /// A block of the size, or nil: then it counts as one that the caller asks the system for.
    mutating func take(_ size: SizeClass) -> MemoryBlock? {
        statistics.bytesInUse += size.byteCount
        statistics.peakBytesInUse = max(statistics.peakBytesInUse, statistics.bytesInUse)
        uses += 1
        shelves[size.index].used = uses
        let block = pop(size)
        if block == nil { statistics.systemAllocations += 1 }
        return block
    }

    mutating func put(_ block: MemoryBlock) {
        let index = block.size.index
        statistics.bytesInUse -= block.size.byteCount
        statistics.bytesKept += block.size.byteCount
        uses += 1
        block.address.storeBytes(of: shelves[index].first, as: UnsafeMutableRawPointer?.self)
        shelves[index] = Shelf(first: block.address, used: uses)
    }

    /// Removes blocks of the sizes that were not used for longest, until `bytes` are left.
    mutating func takeOldest(leaving bytes: Int) -> [MemoryBlock] {
        var taken: [MemoryBlock] = []
        while statistics.bytesKept > bytes {
            let waiting = shelves.indices.filter { shelves[$0].first != nil }
            guard let oldest = waiting.min(by: { shelves[$0].used < shelves[$1].used }),
                let block = pop(SizeClass(index: oldest))
            else { break }
            taken.append(block)
        }
        return taken
    }

    private mutating func pop(_ size: SizeClass) -> MemoryBlock? {
        guard let address = shelves[size.index].first else { return nil }
        shelves[size.index].first = address.load(as: UnsafeMutableRawPointer?.self)
        statistics.bytesKept -= size.byteCount
        return MemoryBlock(address: address, size: size)
    }
}
