import Synchronization

/// Memory for intermediate results, kept between calls: fresh memory costs a page fault every 4 KiB, more
/// than the work of a small attention.
package enum ScratchPool {
    /// `@unchecked Sendable`: a block is in the list or in one caller's hands, never both.
    private struct Block: @unchecked Sendable {
        let address: UnsafeMutablePointer<Float>
        let capacity: Int
    }

    private static let free = Mutex<[Block]>([])
    /// Blocks beyond this number go back to the system.
    private static let mostKept = 16

    /// Calls `body` with uninitialised memory for `count` floats, aligned to a cache line.
    package static func withFloats<R, E: Error>(
        _ count: Int, _ body: (UnsafeMutablePointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        let block = take(count)
        defer { giveBack(block) }
        return try body(block.address)
    }

    private static func take(_ count: Int) -> Block {
        let found: Block? = free.withLock { blocks in
            // The smallest that will do: a small request must not keep a large block from a large one.
            let fitting = blocks.indices.filter { blocks[$0].capacity >= count }
            return fitting.min { blocks[$0].capacity < blocks[$1].capacity }.map { blocks.remove(at: $0) }
        }
        if let found { return found }
        let capacity = max(count, 4096)
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: capacity * MemoryLayout<Float>.stride, alignment: TensorStorage.alignment)
        return Block(address: memory.bindMemory(to: Float.self, capacity: capacity), capacity: capacity)
    }

    private static func giveBack(_ block: Block) {
        let dropped: Block? = free.withLock { blocks in
            blocks.append(block)
            return blocks.count > mostKept ? blocks.removeFirst() : nil
        }
        dropped?.address.deallocate()
    }
}
