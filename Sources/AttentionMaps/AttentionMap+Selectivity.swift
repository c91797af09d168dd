extension AttentionMap {
    /// The captured head that shows most, and the query that shows it: the head whose tokens choose other
    /// tokens for what they are, rather than for where they stand.
    ///
    /// Most heads look at a sink, at the token itself or at its neighbours. So a head's selectivity is the
    /// mean over its queries of the square of
    ///
    ///     max over k of  w(q, k) − max(column(k), diagonal(q − k))
    ///
    /// where `column(k)` is the mean of the key's weights over all queries that can see it, and `diagonal(d)`
    /// the mean of all weights at the distance d. A sink has a high column, and a head that looks so many
    /// tokens back a high diagonal. Left out, as queries and as keys, are special tokens and tokens without a
    /// letter or digit, and as keys the first token and those at a distance of less than 2. In
    /// cross-attention, distances mean nothing, and only the columns count.
    ///
    /// - Returns: The numbers of the layer and the head, as in ``layers`` and ``heads``, and the place in
    ///   ``queries`` of the query with the largest difference; the first head and query where no head chooses
    ///   anything.
    public func mostSelectiveHead() -> (layer: Int, head: Int, query: Int) {
        var best = (selectivity: Float(0), plane: 0, query: queries.firstIndex { $0.isWord } ?? 0)
        for plane in 0..<layers.count * heads.count {
            let visible = visibleKeys?[plane / heads.count]
            let (selectivity, query) = selectivity(of: matrix(at: plane), visible: visible)
            if selectivity > best.selectivity { best = (selectivity, plane, query) }
        }
        return (layers[best.plane / heads.count], heads[best.plane % heads.count], best.query)
    }

    /// A head's selectivity, and the query that has most of it.
    private func selectivity(
        of matrix: AttentionMatrix, visible: [Range<Int>]?
    ) -> (selectivity: Float, query: Int) {
        let (columns, diagonals) = means(of: matrix, visible: visible)
        var (sum, count) = (Float(0), 0)
        var best = (difference: Float(-1), query: 0)
        for query in queries.indices where queries[query].isWord {
            var largest: Float = 0
            for key in visible?[query] ?? keys.indices where keys[key].isWord {
                var usual = columns[key]
                if let distance = distance(query, key) {
                    if key == 0 || abs(distance) < 2 { continue }
                    usual = max(usual, diagonals[distance + keys.count])
                }
                largest = max(largest, matrix[query: query, key: key] - usual)
            }
            if largest > best.difference { best = (largest, query) }
            sum += largest * largest
            count += 1
        }
        return (sum / Float(max(count, 1)), best.query)
    }

    /// The mean weight of each key, and that at each distance, counted from −Nk.
    private func means(
        of matrix: AttentionMatrix, visible: [Range<Int>]?
    ) -> (columns: [Float], diagonals: [Float]) {
        var columns = [(sum: Float, count: Int)](repeating: (0, 0), count: keys.count)
        var diagonals = [(sum: Float, count: Int)](repeating: (0, 0), count: 2 * keys.count)
        for query in queries.indices where !queries[query].isSpecial {
            for key in visible?[query] ?? keys.indices {
                let weight = matrix[query: query, key: key]
                columns[key] = (columns[key].sum + weight, columns[key].count + 1)
                guard let distance = distance(query, key) else { continue }
                let place = distance + keys.count
                diagonals[place] = (diagonals[place].sum + weight, diagonals[place].count + 1)
            }
        }
        func mean(_ part: (sum: Float, count: Int)) -> Float { part.sum / Float(max(part.count, 1)) }
        return (columns.map(mean), diagonals.map(mean))
    }

    /// How many places before the query the key stands; nil where queries have no places among the keys.
    private func distance(_ query: Int, _ key: Int) -> Int? { queryOffset.map { query + $0 - key } }
}

extension AttentionMap.Token {
    /// Whether the token is a part of a text that means something: no special token, punctuation or space.
    fileprivate var isWord: Bool { !isSpecial && text.contains { $0.isLetter || $0.isNumber } }
}
