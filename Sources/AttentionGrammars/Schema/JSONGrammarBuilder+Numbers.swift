import AttentionJSON

extension JSONGrammarBuilder {
    /// The numbers of a set. Those of `enum` and `const` are written as they stand there, or plainly.
    mutating func numbers(_ set: NumberSet) throws(GrammarError) -> Int {
        if let values = set.values {
            var texts: [Int] = []
            for value in values {
                texts.append(try table.text(value.literal))
                if ExactString(value.plain) != ExactString(value.literal) {
                    texts.append(try table.text(value.plain))
                }
            }
            return try table.choice(texts)
        }
        if set.isAll { return number }
        return try text(try set.automaton(options.lengths))
    }
}
