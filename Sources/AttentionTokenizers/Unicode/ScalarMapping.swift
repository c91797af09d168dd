/// A mapping from scalars to one or several scalars, stored as runs in ascending order.
struct ScalarMapping: Sendable {
    struct Run {
        let first, last: UInt32
        /// Only every `step`-th scalar of the run has a mapping.
        let step: UInt32
        /// What `first` maps to; the targets of a longer run count up with the scalars.
        let targets: [UInt32]
        /// A decomposition that is never composed again.
        let isExcludedFromComposition: Bool
    }

    static let lowercase = ScalarMapping(UnicodeData.lowercase)
    static let canonical = ScalarMapping(UnicodeData.canonical)
    static let compatible = ScalarMapping(UnicodeData.compatible)

    let runs: [Run]

    private init(_ text: StaticString) {
        var runs: [Run] = []
        var reader = UnicodeDataReader(text)
        while reader.hasMore() {
            let range = reader.range()
            let step: UInt32 = reader.accept("/") ? reader.number() : 1
            precondition(reader.accept(":"), "Unicode data: a mapping has no target")
            var targets = [reader.number()]
            while reader.accept("+") { targets.append(reader.number()) }
            runs.append(
                Run(
                    first: range.lowerBound, last: range.upperBound, step: step, targets: targets,
                    isExcludedFromComposition: reader.accept("!")))
        }
        self.runs = runs
    }

    /// Passes every scalar that `scalar` maps to; false where there is no mapping.
    func forEachTarget(of scalar: Unicode.Scalar, _ body: (Unicode.Scalar) -> Void) -> Bool {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].last < scalar.value { low = middle + 1 } else { high = middle }
        }
        guard low < runs.count, runs[low].first <= scalar.value else { return false }
        let run = runs[low]
        let distance = scalar.value - run.first
        guard distance % run.step == 0 else { return false }
        for target in run.targets {
            // The tables hold scalars only, so the replacement never stands in for anything.
            body(Unicode.Scalar(target + distance) ?? "\u{FFFD}")
        }
        return true
    }
}
