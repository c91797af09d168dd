/// Why a grammar was refused, and where.
public struct GrammarError: Error, Hashable, Sendable {
    /// The kind of fault.
    public enum Problem: Hashable, Sendable {
        /// The text does not follow the notation.
        case syntax
        /// A rule is used and nowhere defined.
        case undefinedRule
        /// A rule is defined twice.
        case repeatedRule
        /// The text asks for something that is not implemented.
        case unsupported
        /// The grammar exceeds one of the budgets of ``GrammarLimits``.
        case tooLarge
        /// The grammar has no text.
        case neverMatches
    }

    /// The kind of fault.
    public let problem: Problem
    /// The place in the text, counted from 1; 0 for a fault of the grammar as a whole.
    public let line: Int
    /// The place in the line in Unicode scalars, counted from 1; 0 for a fault of the grammar as a whole.
    public let column: Int
    /// What a sound grammar has there.
    public let expected: String
    /// What stands there.
    public let found: String

    init(_ problem: Problem, line: Int = 0, column: Int = 0, expected: String, found: String) {
        self.problem = problem
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found
    }

    static func tooLarge(_ what: String, limit: Int) -> GrammarError {
        GrammarError(.tooLarge, expected: "at most \(limit) \(what)", found: "more")
    }
}

extension GrammarError: CustomStringConvertible {
    public var description: String {
        (line > 0 ? "line \(line), column \(column): " : "") + "expected \(expected), found \(found)"
    }
}

/// Limits on the size and the work of a grammar. They keep reading and matching quick and small, whatever a
/// grammar or a schema says.
public enum GrammarLimits {
    /// The length of a grammar's text, and of a schema's, in bytes.
    public static let textBytes = 1 << 20
    /// The greatest depth of groups inside each other.
    public static let depth = 256
    /// The greatest number of rules.
    public static let rules = 20_000
    /// The greatest count in a repetition `{m,n}`.
    public static let repetition = 1_000_000
    /// The nodes of all expressions.
    static let expressions = 500_000
    /// The states and the edges of the automaton before it is made deterministic.
    static let nondeterministicStates = 1_000_000
    /// The states of the deterministic automaton, and the entries of its table (4 bytes each).
    static let states = 200_000
    static let transitions = 16_000_000
    /// The members of all sets of states that determinising goes through.
    static let determinising = 20_000_000

    /// The states and the edges of an automaton over the characters of a string or a number.
    static let textStates = 20_000
    static let textEdges = 2_000_000
    /// The states of a graph of members or items that are counted.
    static let graphStates = 20_000
    /// The sets of one type of values that a schema may be taken apart into.
    static let alternatives = 1024
    /// How many schemas may stand within each other for one value, and how many steps reading all may take.
    static let schemaDepth = 200
    static let schemaSteps = 2_000_000
    /// How many members and items of alternatives are compared to see whether two can hold at once.
    static let comparisons = 200_000

    /// The greatest number of ways of reading the text that are open at once.
    public static let threads = 4096
    /// The greatest number of rules that are open at once, one within the other, over all ways of reading.
    public static let openRules = 1_000_000
    /// The steps that one byte may take.
    public static let stepsPerByte = 2_000_000
    /// The steps that one set of allowed tokens may take.
    public static let stepsPerToken = 100_000_000
}

/// Why a text could not be matched against a grammar.
public enum GrammarMatchError: Error, Hashable, Sendable {
    /// More ways of reading the text are open at once than are followed.
    case tooAmbiguous(limit: Int)
    /// More rules are open, one within the other, than are remembered.
    case tooDeep(limit: Int)
    /// A byte, or a set of tokens, takes more steps than are allowed.
    case tooManySteps(limit: Int)
    /// The grammar does not allow this token here.
    case tokenNotAllowed(Int)
    /// The vocabulary has no such token.
    case noSuchToken(Int, vocabulary: Int)
}

extension GrammarMatchError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooAmbiguous(let limit):
            "the grammar can read the text in more than \(limit) ways at once"
        case .tooDeep(let limit):
            "the text nests the grammar's rules more than \(limit) times"
        case .tooManySteps(let limit):
            "the grammar takes more than \(limit) steps on this text"
        case .tokenNotAllowed(let token):
            "the grammar does not allow the token \(token) here"
        case .noSuchToken(let token, let vocabulary):
            "the token \(token) is not one of the vocabulary's \(vocabulary)"
        }
    }
}
