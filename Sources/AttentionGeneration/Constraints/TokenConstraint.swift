/// A restriction of the tokens that may come next, such as a grammar that the text follows.
///
/// A constraint is a value that stands behind the tokens it has accepted so far. Copies are independent, so
/// that a beam, or a draft that may be thrown away, goes on with one of its own.
public protocol TokenConstraint: Sendable {
    /// The tokens that may come next. Tokens that end the text are never among them: ``isComplete`` says
    /// whether they may come.
    ///
    /// - Throws: an error of the constraint's own where what it may spend on a token is spent.
    func allowedTokens() throws -> TokenSet

    /// Goes on behind `token`.
    ///
    /// - Parameter token: one of ``allowedTokens()``.
    /// - Throws: an error of the constraint's own, also for a token that is not allowed.
    mutating func accept(_ token: Int) throws

    /// Whether the text may end here.
    var isComplete: Bool { get }
}
