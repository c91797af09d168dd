/// One matrix with its labels and title, ready to be drawn by any view.
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

    /// What is told beside a map about its rows.
    package static func explanation(hidingSpecialTokens: Bool) -> String {
        hidingSpecialTokens
            ? "Row: the token that looks. Column: what it looks at. Special tokens are hidden and every row "
                + "is scaled to sum to 1 again."
            : "Row: the token that looks. Column: what it looks at. Every row sums to 1."
    }
}

extension AttentionMap {
    /// The matrix of a selection with its labels. Special tokens are hidden after the heads or layers
    /// are combined: averaging and roll-out are defined on whole rows.
    package func panel(
        _ selection: Selection, hidingSpecialTokens: Bool
    ) throws(AttentionMapError) -> MapPanel {
        var matrix = try matrix(selection)
        var kept = Array(keys.indices)
        if hidingSpecialTokens {
            kept = ordinaryKeys
            guard !kept.isEmpty else { throw .onlySpecialTokens }
            matrix = matrix.keepingKeys(kept, renormalizing: true)
        }
        return MapPanel(
            title: selection.description, queries: queries.map { VisibleText.escape($0.text) },
            keys: kept.map { VisibleText.escape(keys[$0].text) }, matrix: matrix)
    }

    /// Title for views: the model, with anything unprintable written out.
    package var visibleModel: String { VisibleText.escape(model) }
    /// The text on one line, with anything unprintable written out.
    package var visibleText: String { VisibleText.escape(text) }
}
