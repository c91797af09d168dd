extension GrammarMachine {
    /// The state of the machine as numbers, as far as it decides what can follow: the threads and the open
    /// rules that they lead back to, numbered in the order in which they are met. Where a rule was opened
    /// does not matter behind the byte at hand.
    ///
    /// - Returns: nil for more than `limit` numbers.
    func configuration(_ range: Range<Int>, limit: Int) -> [Int32]? {
        var numbers: [Int32: Int32] = [:]
        var order: [Int32] = []
        func number(_ rule: Int32) -> Int32 {
            if let known = numbers[rule] { return known }
            numbers[rule] = Int32(order.count)
            order.append(rule)
            return Int32(order.count - 1)
        }
        var result = [Int32(range.count)]
        for thread in threads[range] { result += [thread.state, number(thread.open)] }
        var next = 0
        while next < order.count {
            guard result.count <= limit else { return nil }
            let rule = open[Int(order[next])]
            next += 1
            let start = result.count
            result += [rule.frame, rule.count, 0]
            var index = rule.firstEdge
            while index >= 0, result.count <= limit {
                let edge = edges[Int(index)]
                result += [edge.state, edge.open == Self.outside ? -1 : number(edge.open)]
                index = edge.next
            }
            result[start + 2] = Int32(result.count - start)
        }
        return result.count <= limit ? result : nil
    }
}
