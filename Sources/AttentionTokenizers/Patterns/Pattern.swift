/// A regular expression as tokenizers' files hold them (Oniguruma's syntax for Ruby), without captures and
/// back-references.
///
/// It matches as Perl's do: the leftmost place, and there the first alternative that leads to a match. The
/// matcher goes back like theirs, but remembers where it went back from, so that no place in the expression
/// is tried twice at the same place in the text. A budget bounds what is left: expressions that look
/// ahead again and again.
package struct Pattern: Sendable {
    package let source: String
    let program: PatternProgram

    /// - Throws: ``PatternError``, also for what is not supported.
    package init(_ source: String) throws(PatternError) {
        self.source = source
        var parser = PatternParser(source)
        program = try PatternCompiler.compile(try parser.parse())
    }

    /// All matches in a stretch of text, from left to right and without overlap.
    ///
    /// - Throws: ``TokenizerError/patternTooCostly(pattern:steps:)``.
    package func matches(in text: AlignedText, _ range: Range<Int>) throws(TokenizerError) -> [Range<Int>] {
        do throws(PatternMatcher.OutOfBudget) {
            return try text.withUnsafeBufferPointer { text throws(PatternMatcher.OutOfBudget) in
                var matcher = try PatternMatcher(
                    program: program, text: UnsafeBufferPointer(rebasing: text[range]))
                return try matcher.matches().map {
                    $0.lowerBound + range.lowerBound..<$0.upperBound + range.lowerBound
                }
            }
        } catch {
            throw .patternTooCostly(pattern: source, steps: error.steps)
        }
    }
}

/// Why a regular expression cannot be used.
package struct PatternError: Error, Hashable, CustomStringConvertible {
    /// The place in the expression, in scalars.
    package let offset: Int
    package let reason: String

    package var description: String { "at character \(offset): \(reason)" }
}

/// A node of an expression.
indirect enum PatternNode {
    case set(ScalarSet)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    case repeated(PatternNode, min: Int, max: Int?, Greed)
    case look(PatternNode, ahead: Bool, negated: Bool)
    case atomic(PatternNode)
    case anchor(Anchor)

    enum Greed { case greedy, lazy, possessive }

    enum Anchor: Sendable {
        case textStart, textEnd, textEndOrLastNewline, lineStart, lineEnd, wordBoundary, noWordBoundary
    }

    /// Whether it can match nothing at all.
    var canBeEmpty: Bool {
        switch self {
        case .set: false
        case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
        case .alternatives(let nodes): nodes.contains(where: \.canBeEmpty)
        case .repeated(let node, let min, _, _): min == 0 || node.canBeEmpty
        case .look, .anchor: true
        case .atomic(let node): node.canBeEmpty
        }
    }

    /// The number of scalars that every match has; nil where they differ.
    var length: Int? {
        switch self {
        case .set: 1
        case .sequence(let nodes):
            nodes.reduce(0 as Int?) { sum, node in
                sum.flatMap { sum in node.length.map { sum + $0 } }
            }
        case .alternatives(let nodes):
            nodes.first?.length.flatMap { first in nodes.allSatisfy { $0.length == first } ? first : nil }
        case .repeated(let node, let min, let max, _): min == max ? node.length.map { $0 * min } : nil
        case .look, .anchor: 0
        case .atomic(let node): node.length
        }
    }
}
