/// Canonical and compatibility decomposition with canonical order (Unicode Standard Annex 15).
struct Decomposition: Sendable {
    static let canonical = Decomposition(isCompatible: false)
    static let compatible = Decomposition(isCompatible: true)

    private let isCompatible: Bool

    /// The decomposed scalars with, for each, how it came about: ``AlignedText/replace(with:)``.
    func changes(for text: AlignedText) -> [AlignedText.Change] {
        var result: [AlignedText.Change] = []
        result.reserveCapacity(text.count + text.count / 4)
        // The start of the marks that may still change places.
        var pending = 0
        for source in text {
            var isFirst = true
            decompose(source.scalar) { scalar in
                let change = AlignedText.Change(scalar: scalar, delta: isFirst ? 0 : 1)
                isFirst = false
                if CombiningClasses.shared[scalar] == 0 {
                    Self.order(&result, from: pending)
                    pending = result.count + 1
                }
                result.append(change)
            }
        }
        Self.order(&result, from: pending)
        return result
    }

    private func decompose(_ scalar: Unicode.Scalar, _ body: (Unicode.Scalar) -> Void) {
        guard scalar.has(.normalizes) else { return body(scalar) }
        if isCompatible, ScalarMapping.compatible.forEachTarget(of: scalar, body) { return }
        if ScalarMapping.canonical.forEachTarget(of: scalar, body) { return }
        if Hangul.decompose(scalar, body) { return }
        body(scalar)
    }

    /// Sorts marks by their class; marks of one class keep their order.
    private static func order(_ changes: inout [AlignedText.Change], from start: Int) {
        guard changes.count > start + 1 else { return }
        let classed = changes[start...].enumerated().map { offset, change in
            (value: CombiningClasses.shared[change.scalar], offset: offset, change: change)
        }
        let ordered = classed.sorted { ($0.value, $0.offset) < ($1.value, $1.offset) }
        for (index, mark) in ordered.enumerated() { changes[start + index] = mark.change }
    }
}
