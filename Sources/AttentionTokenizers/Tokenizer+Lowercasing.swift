extension Tokenizer {
    /// The tokenizer that lower-cases text before its own normaliser sees it, as sentence-transformers'
    /// setting `do_lower_case` asks. A tokenizer that lower-cases by a stage of its own stays as it is.
    ///
    /// Added tokens that are looked for in normalised text are looked for in lower case then.
    ///
    /// - Throws: ``TokenizerError`` if an added token cannot be normalised.
    package func lowercasing() throws(TokenizerError) -> Tokenizer {
        let stages = (normalizer as? NormalizerSequence)?.normalizers ?? [normalizer].compactMap(\.self)
        guard !stages.contains(where: { $0 is Lowercase }) else { return self }
        var tokenizer = self
        let lowercasing = NormalizerSequence([Lowercase()] + stages)
        tokenizer.normalizer = lowercasing
        tokenizer.added = try added.renormalized(by: lowercasing)
        return tokenizer
    }
}
