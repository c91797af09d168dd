/// Why text cannot be generated as it was asked for.
public enum GenerationError: Error, Hashable, Sendable {
    /// An option has a value that makes no sense.
    case invalidOption(name: String, expected: String, found: String)
    /// There is nothing to continue: the prompt has no tokens, and the model no token that texts begin with.
    case emptyPrompt
    /// The prompt leaves no room for a token. The context may be enlarged up to `longest`.
    case promptTooLong(tokens: Int, context: Int, longest: Int)
    /// A text that is to be read has more tokens than the model reads.
    case textTooLong(tokens: Int, longest: Int)
    /// A text that is to be scored has fewer tokens than scoring needs.
    case textTooShort(tokens: Int, expected: Int)
    /// A prompt, a bias or a ban names a token that the model does not have.
    case unknownToken(Int, vocabulary: Int)
    /// The model's numbers for the token at `position` are infinite, or none.
    case notFinite(position: Int)
    /// Nothing may come at `position`: what is banned and what the constraint excludes are all tokens.
    case nothingAllowed(position: Int)
    /// Two options, or an option and the model, do not go together.
    case unsupported(String)
}

extension GenerationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidOption(let name, let expected, let found):
            "\(name) is \(found); expected \(expected)"
        case .emptyPrompt:
            "the prompt is empty, and the model has no token that texts begin with; give it at least one token"
        case .promptTooLong(let tokens, let context, let longest):
            "the prompt has \(tokens) tokens, and the context \(context), of which at least one must be left: "
                + "shorten the prompt"
                + (context < longest ? " or enlarge the context, to \(longest) at most" : "")
        case .textTooLong(let tokens, let longest):
            "the text has \(tokens) tokens, but the model reads at most \(longest): shorten the text"
        case .textTooShort(let tokens, let expected):
            "the text has \(tokens == 1 ? "1 token" : "\(tokens) tokens"); expected at least \(expected)"
        case .unknownToken(let token, let vocabulary):
            "there is no token \(token): the model's tokens are 0 to \(vocabulary - 1)"
        case .notFinite(let position):
            "the model's numbers for the token at position \(position) overflow: its weights are damaged"
        case .nothingAllowed(let position):
            "no token may come at position \(position): all are banned or excluded by the constraint"
        case .unsupported(let reason):
            reason
        }
    }
}
