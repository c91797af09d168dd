import AttentionTensors
import TestSupport
import Testing

/// The pool counts for the whole process, so what is counted runs in a process of its own.
@Suite struct MemoryPoolTests {
    @Test func repeatedStepsAllocateNothing() async {
        await #expect(processExitsWith: .success) {
            func step() throws {
                let x = Tensor(repeating: 1, shape: [300, 77])
                let y = try Activation.gelu(x + x)
                MemoryPool.withFloats(50_000) { $0[49_999] = y[299, 76] }
            }
            try step()
            let before = MemoryPool.statistics
            for _ in 0..<100 { try step() }
            #expect(MemoryPool.statistics == before)
            #expect(before.bytesInUse == 0)
            #expect(before.systemAllocations > 0)
        }
    }

    @Test func keptMemoryIsBounded() async {
        await #expect(processExitsWith: .success) {
            for round in 0..<40 { _ = Tensor.zeros([1 << 18, 5 + round]) }  // 5 to 44 MiB
            let most = MemoryPool.statistics
            #expect(most.bytesKept <= max(256 << 20, most.peakBytesInUse))
            #expect(most.bytesKept > 100 << 20)

            MemoryPool.trim(to: 100 << 20)
            #expect(MemoryPool.statistics.bytesKept <= 100 << 20)
            #expect(MemoryPool.statistics.bytesKept > 0)

            // What was used last is kept.
            let before = MemoryPool.statistics.systemAllocations
            _ = Tensor.zeros([1 << 18, 44])
            #expect(MemoryPool.statistics.systemAllocations == before)

            MemoryPool.limit = 1 << 20
            #expect(MemoryPool.statistics.bytesKept <= 1 << 20)
            _ = Tensor.zeros([1 << 20])
            #expect(MemoryPool.statistics.bytesKept <= 1 << 20)
            MemoryPool.limit = -1
            #expect(MemoryPool.limit == 0)
            #expect(MemoryPool.statistics.bytesKept == 0)
            MemoryPool.limit = nil
            _ = Tensor.zeros([1 << 20])
            #expect(MemoryPool.statistics.bytesKept == 4 << 20)
            MemoryPool.trim()
            #expect(MemoryPool.statistics.bytesKept == 0)
            #expect(MemoryPool.statistics.bytesInUse == 0)
        }
    }

    @Test func memoryStaysUntilTheLastCopyIsGone() async {
        await #expect(processExitsWith: .success) {
            var tensors = (0..<20).map { Tensor(repeating: Float($0), shape: [1_000]) }
            let view = tensors[7]
            tensors.removeSubrange(5..<10)
            let others = (100..<110).map { Tensor(repeating: Float($0), shape: [1_000]) }
            #expect(view.scalars.allSatisfy { $0 == 7 })
            for (index, tensor) in tensors.enumerated() {
                #expect(tensor.scalars.allSatisfy { $0 == Float(index < 5 ? index : index + 5) })
            }
            #expect(others.enumerated().allSatisfy { index, tensor in tensor[999] == Float(100 + index) })
        }
    }

    /// Blocks around the pool's size classes are aligned, usable to the last byte, and not shared.
    @Test(arguments: [0, 1, 63, 64, 65, 80, 81, 1_000, 262_143, 262_144, 262_145, 524_288, 700_001])
    func everySizeIsUsable(_ count: Int) {
        MemoryPool.withFloats(count) { first in
            #expect(UInt(bitPattern: first) % 64 == 0)
            first.update(repeating: 1, count: count)
            MemoryPool.withFloats(count) { second in
                second.update(repeating: 2, count: count)
                #expect((0..<count).allSatisfy { first[$0] == 1 && second[$0] == 2 })
            }
        }
    }
}
