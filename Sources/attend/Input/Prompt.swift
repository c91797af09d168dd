import ArgumentParser
import AttentionGeneration
import AttentionModels

/// The text, or the tokens, that a language model reads.
struct Prompt: ParsableArguments {
    @Argument(help: "The text, in quotes; - reads standard input.")
    var text: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Token ids in place of a text, with commas between them. No token is added to them.",
            valueName: "ids"), transform: TokenIDs.init)
    var tokens: TokenIDs?

    func validate() throws {
        if text == nil, tokens == nil {
            throw ValidationError(
                "there is no prompt: give a text or --tokens. A text that begins with a dash goes after --"
            )
        }
        if text != nil, tokens != nil {
            throw ValidationError("give either a text or --tokens, not both")
        }
    }

    /// The ids, each one that the model has.
    func ids(for model: LanguageModel) throws -> [Int] {
        if let tokens {
            try tokens.check(vocabulary: model.decoder.configuration.vocabulary)
            return tokens.ids
        }
        return try model.tokenize(prompt: TextArgument.read(text ?? ""))
    }
}
