/// Canonical composition of decomposed text (Unicode Standard Annex 15).
struct Composition: Sendable {
    static let shared = Composition()

    private let pairs: [UInt64: Unicode.Scalar]

    private init() {
        var pairs: [UInt64: Unicode.Scalar] = [:]
        let runs = ScalarMapping.canonical.runs.filter {
            $0.targets.count > 1 && !$0.isExcludedFromComposition
        }
        // Shorter ones first: the longer ones are pairs whose first half is composed already.
        for run in runs.sorted(by: { $0.targets.count < $1.targets.count }) {
            guard let composed = Unicode.Scalar(run.first) else { continue }
            var first = run.targets[0]
            for next in run.targets[1...].dropLast() {
                if let prefix = pairs[Self.key(first, next)] { first = prefix.value }
            }
            pairs[Self.key(first, run.targets[run.targets.count - 1])] = composed
        }
        self.pairs = pairs
    }

    private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 {
        UInt64(first) << 32 | UInt64(second)
    }

    private func compose(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        Hangul.compose(first, second) ?? pairs[Self.key(first.value, second.value)]
    }

    /// Composes decomposed scalars; a composed one stands in the place of the first of its parts.
    func compose(_ decomposed: [AlignedText.Change]) -> [AlignedText.Change] {
        var result: [AlignedText.Change] = []
        result.reserveCapacity(decomposed.count)
        var starter: Int?
        var lastClass: UInt8?
        for change in decomposed {
            let value = CombiningClasses.shared[change.scalar]
            let isBlocked = lastClass.map { $0 >= value } ?? false
            if let index = starter, !isBlocked, let composed = compose(result[index].scalar, change.scalar) {
                result[index].scalar = composed
                result[index].delta += change.delta - 1
                continue
            }
            if value == 0 {
                starter = result.count
                lastClass = nil
            } else if starter != nil {
                lastClass = value
            }
            result.append(change)
        }
        return result
    }
}
