import AttentionJSON

/// An expression of a template.
struct JinjaExpression: Sendable {
    let kind: Kind
    /// Its place in the template.
    let position: Int
    /// The depth of its nesting; evaluation recurses as deep.
    let height: Int

    indirect enum Kind: Sendable {
        case constant(JinjaValue)
        case name(Int)
        case list([JinjaExpression])
        case tuple([JinjaExpression])
        case dictionary(keys: [JinjaExpression], values: [JinjaExpression])
        case attribute(JinjaExpression, ExactString)
        case item(JinjaExpression, JinjaExpression)
        case slice(JinjaExpression, Bounds)
        case call(JinjaExpression, Arguments)
        case filter(JinjaExpression, ExactString, Arguments)
        case test(JinjaExpression, ExactString, Arguments)
        case not(JinjaExpression)
        case sign(JinjaExpression, isNegative: Bool)
        /// Operations of one precedence, from left to right.
        case arithmetic(JinjaExpression, [(Arithmetic, JinjaExpression)])
        case comparison(JinjaExpression, [(Comparison, JinjaExpression)])
        case concatenation([JinjaExpression])
        case and([JinjaExpression])
        case or([JinjaExpression])
        case conditional(JinjaExpression, test: JinjaExpression, otherwise: JinjaExpression?)
        /// The text of the block that a filter is applied to.
        case blockText
    }

    struct Bounds: Sendable {
        var start, stop, step: JinjaExpression?
    }

    struct Arguments: Sendable {
        var positional: [JinjaExpression] = []
        var keywords: [(name: ExactString, value: JinjaExpression)] = []
        /// `*list`
        var spread: JinjaExpression?
        /// `**dictionary`
        var keywordSpread: JinjaExpression?

        var all: [JinjaExpression] {
            positional + keywords.map(\.value) + [spread, keywordSpread].compactMap { $0 }
        }
    }

    enum Arithmetic: Sendable { case add, subtract, multiply, divide, floorDivide, modulo, power }
    enum Comparison: Sendable {
        case equal, unequal, less, lessOrEqual, greater, greaterOrEqual, within, without
    }
}

/// The target of an assignment.
indirect enum JinjaTarget: Sendable {
    case name(Int)
    /// A namespace's attribute.
    case attribute(of: Int, ExactString)
    case tuple([JinjaTarget])
}

/// A statement of a template.
struct JinjaStatement: Sendable {
    let kind: Kind
    let position: Int

    indirect enum Kind: Sendable {
        case text([UInt32])
        case output(JinjaExpression)
        case set(JinjaTarget, JinjaExpression)
        /// `filters` is applied to the block's text.
        case setBlock(JinjaTarget, filters: JinjaExpression?, [JinjaStatement])
        case loop(Loop)
        case condition([(test: JinjaExpression, body: [JinjaStatement])], otherwise: [JinjaStatement])
        case macro(name: Int, JinjaMacro)
        /// A call that gets the block as `caller`.
        case call(JinjaExpression, JinjaMacro)
        case filter(JinjaExpression, [JinjaStatement])
        case with([(JinjaTarget, JinjaExpression)], [JinjaStatement])
        /// A block with variables of its own.
        case scope([JinjaStatement])
        case `break`
        case `continue`
    }

    struct Loop: Sendable {
        var target: JinjaTarget
        var items: JinjaExpression
        var test: JinjaExpression?
        var isRecursive: Bool
        var body: [JinjaStatement]
        var otherwise: [JinjaStatement]
    }
}

/// A macro, or the block of a call.
struct JinjaMacro: Sendable {
    var name: ExactString
    var parameters: [(symbol: Int, name: ExactString)]
    /// The defaults of the last parameters.
    var defaults: [JinjaExpression]
    var body: [JinjaStatement]
    /// Those of ``implicitNames`` that the body uses.
    var implicit: Set<ExactString>

    /// The names that a macro may read without naming them as parameters.
    static let implicitNames: Set<ExactString> = ["varargs", "kwargs", "caller"]
}

/// A template that has been read.
struct JinjaProgram: Sendable {
    var body: [JinjaStatement]
    /// The names that the template uses; expressions call them by number.
    var symbols: [ExactString]
}
