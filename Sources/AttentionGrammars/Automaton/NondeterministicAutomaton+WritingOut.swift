/// Decides which rules are written out where they are used, and which are called.
extension NondeterministicAutomaton {
    private static let shortRule = 8
    private static let shortRepetition = 32

    /// How often the rules that can be reached are used.
    func countUses(root: Int) throws(GrammarError) -> [Int] {
        var uses = [Int](repeating: 0, count: table.rules.count)
        uses[root] = 1
        var isReached = uses.map { $0 > 0 }
        var work = table.rules[root].body.map { [($0, 1)] } ?? []
        var steps = 0
        while let (expression, times) = work.popLast() {
            steps += 1
            guard steps <= GrammarLimits.nondeterministicStates else { throw Self.tooLarge }
            switch table[expression] {
            case .literal, .scalars: break
            case .rule(let rule):
                uses[rule] += times
                if !isReached[rule], let body = table.rules[rule].body {
                    isReached[rule] = true
                    work.append((body, 1))
                }
            case .sequence(let parts), .choice(let parts): work += parts.map { ($0, times) }
            case .repeated(let part, let min, let max):
                work.append((part, Swift.min(1 << 20, times * occurrences(part, min, max))))
            case .list(let items, let separator):
                work += items.map { ($0.expression, times) }
                work.append((separator, times * items.count))
            case .graph(let number):
                for state in table.graphs[number].states {
                    work += state.edges.map { ($0.expression, times) }
                }
            }
        }
        return uses
    }

    /// The greatest number of copies of a repetition's part.
    private func occurrences(_ part: Int, _ min: Int, _ max: Int?) -> Int {
        guard let max else { return min > 1 ? 1 + (copies(part, min - 1) ?? 1) : 1 }
        return copies(part, max) ?? 1
    }

    /// How many copies a repetition with bounds is written out as; nil where it is called.
    func copies(_ part: Int, _ count: Int) -> Int? {
        guard count > 1 else { return count }
        return size(part, limit: Self.shortRepetition / count) == nil ? nil : count
    }

    /// How large an expression is, about; nil if it is larger than `limit`.
    private func size(_ expression: Int, limit: Int) -> Int? {
        var size = 0
        var work = [expression]
        while let next = work.popLast() {
            switch table[next] {
            case .literal(let bytes): size += bytes.count
            case .scalars: size += 1
            case .rule: size += 4
            case .sequence(let parts), .choice(let parts):
                size += parts.count
                work += parts.prefix(limit + 1)
            case .repeated(let part, let min, let max):
                size += 1
                work += [Int](repeating: part, count: Swift.min(Swift.max(min, max ?? 1), limit + 1))
            case .list, .graph: return nil
            }
            guard size <= limit else { return nil }
        }
        return size
    }

    func isWrittenOut(_ rule: Int) -> Bool {
        guard uses[rule] > 1 else { return true }
        guard let body = table.rules[rule].body, !refersToRules(body) else { return false }
        return size(body, limit: Self.shortRule) != nil
    }

    /// Whether a small expression uses rules; true for any large one.
    private func refersToRules(_ expression: Int) -> Bool {
        var work = [expression]
        var steps = 0
        while let next = work.popLast() {
            steps += 1
            guard steps <= 4 * Self.shortRule else { return true }
            switch table[next] {
            case .literal, .scalars: break
            case .rule, .list, .graph: return true
            case .sequence(let parts), .choice(let parts): work += parts
            case .repeated(let part, _, _): work.append(part)
            }
        }
        return false
    }
}
