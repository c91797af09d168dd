/// A matrix with its labels and title, ready to be drawn by any view.
package struct MapPanel: Sendable {
    package let title: String
    package let queries: [String]
    package let keys: [String]
    package let matrix: AttentionMatrix
    /// The weight that gets the strongest colour: the largest, so that broad heads are legible too.
    package let scale: Float

    init(title: String, queries: [String], keys: [String], matrix: AttentionMatrix) {
        self.title = title
        self.queries = queries
        self.keys = keys
        self.matrix = matrix
        let largest = matrix.largest
        scale = largest > 0 ? largest : 1
    }

    /// The explanation of rows and columns that stands beside a map.
    package static func explanation(hiding hidden: AttentionMap.HiddenKeys) -> String {
        let start = "Row: the token that looks. Column: the token that it looks at. "
        guard !hidden.isEmpty else { return start + "Every row sums to 1." }
        let names = [
            (AttentionMap.HiddenKeys.specialTokens, "special tokens"), (.firstToken, "the first token"),
        ]
        let list = names.filter { hidden.contains($0.0) }.map(\.1).joined(separator: " and ")
        return start + "Hidden: \(list). Every row is scaled to sum to 1 again."
    }
}

extension AttentionMap {
    /// The matrix of a selection with its labels. Keys are hidden after the heads or layers are combined:
    /// averaging and roll-out are defined on whole rows.
    package func panel(_ selection: Selection, hiding hidden: HiddenKeys) throws(AttentionMapError)
        -> MapPanel
    {
        let kept = try keys(without: hidden)
        var matrix = try matrix(selection)
        if kept.count < keys.count { matrix = matrix.keepingKeys(kept, renormalizing: true) }
        return MapPanel(
            title: selection.description, queries: queries.map { VisibleText.label($0.text) },
            keys: kept.map { VisibleText.label(keys[$0].text) }, matrix: matrix)
    }

    /// The model's name on one line, with anything unprintable written out.
    package var visibleModel: String { VisibleText.line(model) }
    /// The text on one line, with anything unprintable written out, and after an arrow what was generated.
    package var visibleText: String {
        guard let continuation else { return VisibleText.line(text) }
        return VisibleText.line(text) + " → " + VisibleText.line(continuation)
    }
}
