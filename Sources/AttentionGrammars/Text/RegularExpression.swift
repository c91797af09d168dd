/// A regular expression (ECMA-262 with the flag `u`) as a tree.
///
/// There are characters, `.`, sets, `\d \w \s` and their opposites, `\p{…}`, escapes, groups, `|`,
/// repetitions, `^`, `$`, `\b` and `\B` in any place, and look ahead behind a leading `^`. Back references,
/// look behind and look ahead elsewhere are refused.
struct RegularExpression {
    indirect enum Node {
        case scalars(ScalarRanges)
        case sequence([Node])
        case choice([Node])
        case repeated(Node, min: Int, max: Int?)
        case assertion(Assertion)
        /// An assertion that the rest of the text begins with a match, or does not.
        case lookAhead(Node, isNegated: Bool)
    }

    enum Assertion {
        case start, end, boundary, noBoundary
    }

    let root: Node

    /// - Throws: ``RegularExpressionError``.
    init(_ source: String) throws(RegularExpressionError) {
        var reader = RegularExpressionReader(source)
        root = try reader.read()
    }

    static let digits = ScalarRanges([0x30...0x39])
    static let words = ScalarRanges([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let spaces = ScalarRanges([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
        0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    static let lineEnds = ScalarRanges([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])
}

/// Why a regular expression was refused, and where in it.
struct RegularExpressionError: Error {
    enum Problem { case invalid, unsupported, tooLarge }
    var problem: Problem
    /// The place, in scalars from the beginning.
    var position: Int
    var expected: String
}
