/// The merges that a long word could do next, the one of the lowest rank, then the leftmost, first.
///
/// A heap of numbers `rank << 32 | position`, four children a node, so that a million entries are ten
/// levels deep and a node's children share a cache line.
struct MergeQueue {
    private var heap: [UInt64]

    /// - Parameter entries: in any order.
    init(_ entries: [UInt64]) {
        heap = entries
        guard heap.count > 1 else { return }
        for index in stride(from: (heap.count - 2) / 4, through: 0, by: -1) { sink(heap[index], from: index) }
    }

    mutating func push(_ entry: UInt64) {
        var index = heap.count
        heap.append(entry)
        while index > 0 {
            let parent = (index - 1) / 4
            if heap[parent] <= entry { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = entry
    }

    mutating func pop() -> UInt64? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last, from: 0) }
        return first
    }

    private mutating func sink(_ entry: UInt64, from start: Int) {
        var index = start
        while true {
            let first = index * 4 + 1
            if first >= heap.count { break }
            var smallest = first
            for child in first + 1..<Swift.max(first + 1, Swift.min(first + 4, heap.count))
            where heap[child] < heap[smallest] {
                smallest = child
            }
            if heap[smallest] >= entry { break }
            heap[index] = heap[smallest]
            index = smallest
        }
        heap[index] = entry
    }
}
