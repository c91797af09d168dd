import AttentionTensors

/// The most probable tokens.
enum TopTokens {
    /// The `count` tokens of the greatest logits, fewer where the others' are −∞, in ascending order of their
    /// ids; of equals those of the lowest ids.
    ///
    /// Of the blocks of 64 tokens, the `count`-th greatest maximum is a bound that `count` tokens reach, so
    /// that all below it can be left out of the selection: of 150,000, all but a few hundred.
    ///
    /// - Parameter count: At least 1.
    static func tokens(
        _ count: Int, of logits: UnsafeBufferPointer<Float>, _ maximaOfBlocks: [Float], _ scan: LogitScan
    ) -> [Int32] {
        let maxima = maximaOfBlocks.filter { $0 > -.infinity }
        var bound = -Float.greatestFiniteMagnitude
        if count < maxima.count {
            let greatest = FirstByKey.greatest(count, of: maxima)
            bound = greatest.reduce(.infinity) { min($0, maxima[Int($1)]) }
        }
        let candidates = scan.places(of: logits, from: bound)
        guard candidates.count > count else { return candidates }
        return FirstByKey.greatest(count, of: candidates.map { logits[Int($0)] }).map { candidates[Int($0)] }
    }
}
