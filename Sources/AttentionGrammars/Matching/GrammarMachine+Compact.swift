extension GrammarMachine {
    /// Forgets the open rules that no thread leads back to, and all but the threads of `range`.
    ///
    /// - Returns: the range of these threads.
    mutating func compact(_ range: Range<Int>) -> Range<Int> {
        threads = Array(threads[range])
        var isReached = [Bool](repeating: false, count: open.count)
        // The outermost rule is always number 0.
        isReached[0] = true
        var work = threads.map(\.open).filter { $0 != 0 }
        while let rule = work.popLast() {
            guard !isReached[Int(rule)] else { continue }
            isReached[Int(rule)] = true
            var index = open[Int(rule)].firstEdge
            while index >= 0 {
                let edge = edges[Int(index)]
                if edge.open != Self.outside { work.append(edge.open) }
                index = edge.next
            }
        }
        renumber(isReached)
        return threads.indices
    }

    private mutating func renumber(_ isReached: [Bool]) {
        var numbers = [Int32](repeating: -1, count: open.count)
        var count: Int32 = 0
        for index in open.indices where isReached[index] {
            numbers[index] = count
            count += 1
        }
        var keptOpen: [OpenRule] = []
        var keptEdges: [Edge] = []
        for index in open.indices where isReached[index] {
            var rule = open[index]
            var edge = rule.firstEdge
            rule.firstEdge = -1
            while edge >= 0 {
                var kept = edges[Int(edge)]
                edge = kept.next
                if kept.open != Self.outside { kept.open = numbers[Int(kept.open)] }
                kept.next = rule.firstEdge
                rule.firstEdge = Int32(keptEdges.count)
                keptEdges.append(kept)
            }
            keptOpen.append(rule)
        }
        (open, edges) = (keptOpen, keptEdges)
        for index in threads.indices { threads[index].open = numbers[Int(threads[index].open)] }
    }
}
