import AttentionJSON

/// A pattern by which text is cut.
enum WordPattern: Sendable {
    /// Every scalar for which the predicate holds.
    case scalars(@Sendable (Unicode.Scalar) -> Bool)
    /// A text that stands there as it is written.
    case literal([Unicode.Scalar])
    /// A published pattern, by a scanner of its own.
    case scanner(WordScanner)
    /// Digits in groups of three.
    case digitGroups(DigitGroups)
    /// Any other regular expression.
    case expression(Pattern)

    /// A regular expression, or the scanner that matches the same where there is one.
    init(source: String) throws(PatternError) {
        let exact = ExactString(source)
        if let scanner = WordScanner.all.first(where: { ExactString($0.source) == exact }) {
            self = .scanner(scanner)
        } else if let groups = DigitGroups.all.first(where: { ExactString($0.source) == exact }) {
            self = .digitGroups(groups)
        } else {
            self = .expression(try Pattern(source))
        }
    }

    /// Reads `{"String": "…"}` or `{"Regex": "…"}`.
    init(reading value: JSONValue) throws(TokenizerError) {
        if let literal = try value.optional("String") {
            self = .literal(Array(try literal.string().unicodeScalars))
            return
        }
        let field = try value.required("Regex")
        let source = try field.string()
        do throws(PatternError) {
            try self.init(source: source)
        } catch {
            throw field.invalid("is not a usable pattern: \(error)")
        }
    }

    /// Its matches in a word, from left to right.
    ///
    /// - Throws: ``TokenizerError/patternTooCostly(pattern:steps:)``.
    func matches(in text: AlignedText, _ word: Range<Int>) throws(TokenizerError) -> [Range<Int>] {
        switch self {
        case .scalars(let isMatch):
            word.lazy.filter { isMatch(text[$0].scalar) }.map { $0..<$0 + 1 }
        case .literal(let scalars): Self.places(of: scalars, in: text, word)
        case .scanner(let scanner): scanner.words(in: text, word)
        case .digitGroups(let groups): groups.matches(in: text, word)
        case .expression(let pattern): try pattern.matches(in: text, word)
        }
    }

    private static func places(
        of literal: [Unicode.Scalar], in text: AlignedText, _ word: Range<Int>
    ) -> [Range<Int>] {
        guard let first = literal.first else { return [] }
        var places: [Range<Int>] = []
        var index = word.lowerBound
        while index + literal.count <= word.upperBound {
            let end = index + literal.count
            if text[index].scalar == first,
                text[index..<end].elementsEqual(literal, by: { $0.scalar == $1 })
            {
                places.append(index..<end)
                index = end
            } else {
                index += 1
            }
        }
        return places
    }
}
