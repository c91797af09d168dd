import AttentionTensors

/// A range of keys of one batch element and key head, with all queries that see them: an item of the backward
/// pass, which computes the gradients of its keys and values alone.
///
/// An item's contributions to the gradients of queries are kept apart and added in the order of segments.
/// Segments depend on the mask, never on the number of threads or on the rest of the batch.
struct KeySegment: Sendable {
    let keys: Range<Int>
    /// Counted from the first of the run.
    let number: Int
    /// Blocks of queries that may see the run.
    let blocks: Range<Int>
    /// The beginning of the run. Blocks of keys are counted from here.
    let start: Int

    /// The least number of keys of an item: queries are transposed and copied for each item.
    private static let leastKeys = 512
    /// The most segments of a run, each of which keeps gradients of all its queries.
    private static let most = 8

    /// Cuts the keys into runs that share no query, and those into segments.
    ///
    /// - Parameters:
    ///   - plans: Of every block of queries.
    ///   - cuts: Blocks at which packed sequences begin.
    ///   - sharesBias: Whether biases serve several heads, so that only segments can run side by side.
    static func all(_ plans: [QueryPlan], cuts: [Int], sharesBias: Bool) -> [KeySegment] {
        var runs: [(blocks: Range<Int>, keys: Range<Int>)] = []
        for (first, last) in zip(cuts, cuts.dropFirst() + [plans.count]) {
            let keys = plans[first..<last].map(\.keys).spanned
            guard !keys.isEmpty else { continue }
            if let previous = runs.last, previous.keys.overlaps(keys) {
                runs.removeLast()
                runs.append((previous.blocks.lowerBound..<last, [previous.keys, keys].spanned))
            } else {
                runs.append((first..<last, keys))
            }
        }
        return runs.flatMap { run in
            let blocks = (run.keys.count + TiledAttention.keyBlock - 1) / TiledAttention.keyBlock
            let least = sharesBias ? 1 : leastKeys / TiledAttention.keyBlock
            let length = max(least, (blocks + most - 1) / most) * TiledAttention.keyBlock
            return stride(from: run.keys.lowerBound, to: run.keys.upperBound, by: length).enumerated().map {
                KeySegment(
                    keys: $1..<min($1 + length, run.keys.upperBound), number: $0, blocks: run.blocks,
                    start: run.keys.lowerBound)
            }
        }
    }

    /// The beginnings of a plan's blocks of keys.
    func grid(_ plan: QueryPlan) -> Int {
        start + (plan.keys.lowerBound - start) / TiledAttention.keyBlock * TiledAttention.keyBlock
    }

    /// The part of a plan's keys that lies in this segment, in whole blocks at its beginning.
    func keys(of plan: QueryPlan) -> Range<Int> {
        guard plan.keys.overlaps(keys) else { return keys.lowerBound..<keys.lowerBound }
        return max(grid(plan), keys.lowerBound)..<min(plan.keys.upperBound, keys.upperBound)
    }
}
