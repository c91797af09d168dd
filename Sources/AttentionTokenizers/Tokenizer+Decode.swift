extension Tokenizer {
    /// Makes text of tokens.
    ///
    /// Ids that no token has are left out: models often have a few more ids than tokens.
    ///
    /// - Parameters:
    ///   - ids: tokens.
    ///   - skipSpecialTokens: whether special tokens such as `[CLS]` are left out too.
    public func decode(_ ids: [Int], skipSpecialTokens: Bool = true) -> String {
        let tokens = ids.compactMap { id -> String? in
            if skipSpecialTokens, added.token(of: id)?.isSpecial == true { return nil }
            return added.decoded(id) ?? model.vocabulary.token(of: id)
        }
        return decoder?.decode(tokens) ?? tokens.joined(separator: " ")
    }
}
