extension AttentionMap {
    /// Keys that a view leaves out. The tokens that take most of the weight whatever is asked would otherwise
    /// drown the rest.
    public struct HiddenKeys: OptionSet, Sendable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        /// Special tokens, such as `[CLS]`, `[SEP]` and `<s>`.
        public static let specialTokens = HiddenKeys(rawValue: 1)
        /// The first token: the attention sink of most language models (arXiv:2309.17453), also where it is
        /// an ordinary word.
        public static let firstToken = HiddenKeys(rawValue: 2)
    }

    /// Whether some keys are special tokens and some are not, so that hiding them leaves something.
    public var canHideSpecialTokens: Bool {
        keys.contains { $0.isSpecial } && keys.contains { !$0.isSpecial }
    }

    /// The map without some columns. The rows of the hidden tokens stay.
    ///
    /// - Parameters:
    ///   - hidden: The keys to leave out.
    ///   - renormalizing: Whether every row is scaled to sum to 1 again. Without it a row sums to the weight
    ///     of the keys that are left.
    /// - Throws: ``AttentionMapError/everythingIsHidden`` if no column would be left.
    public func hiding(
        _ hidden: HiddenKeys, renormalizing: Bool = true
    ) throws(AttentionMapError) -> AttentionMap {
        let kept = try keys(without: hidden)
        guard kept.count < keys.count else { return self }
        var remaining: [Float] = []
        for plane in 0..<layers.count * heads.count {
            remaining += matrix(at: plane).keepingKeys(kept, renormalizing: renormalizing).weights
        }
        // A run of visible keys stays a run when keys are taken out of it.
        let visible = visibleKeys.map { layers in
            layers.map { runs in
                runs.map { run in
                    kept.count { $0 < run.lowerBound }..<kept.count { $0 < run.upperBound }
                }
            }
        }
        return try AttentionMap(
            model: model, text: text, continuation: continuation, queries: queries,
            keys: kept.map { keys[$0] }, layers: layers, heads: heads, weights: remaining,
            visibleKeys: visible)
    }

    /// The places of the keys that are left.
    ///
    /// - Throws: ``AttentionMapError/everythingIsHidden`` if there are none.
    package func keys(without hidden: HiddenKeys) throws(AttentionMapError) -> [Int] {
        let kept = keys.indices.filter { index in
            !(hidden.contains(.specialTokens) && keys[index].isSpecial)
                && !(hidden.contains(.firstToken) && index == 0)
        }
        guard !kept.isEmpty else { throw .everythingIsHidden }
        return kept
    }
}
