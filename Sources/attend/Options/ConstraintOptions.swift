import ArgumentParser
import AttentionGeneration
import AttentionGrammars
import AttentionModels

/// The grammar or JSON Schema that a text has to follow.
struct ConstraintOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with a grammar that the text follows, in llama.cpp's notation.", valueName: "path"),
        completion: .file(extensions: ["gbnf"]))
    var grammar: String?

    @Option(
        help: ArgumentHelp("A file with a JSON Schema; the text is JSON that follows it.", valueName: "path"),
        completion: .file(extensions: ["json"]))
    var jsonSchema: String?

    @Option(
        help: ArgumentHelp(
            "With --json-schema: the most digits before and behind a number's point (default: 15 and 6).",
            discussion: "Bounds of the schema with more digits go before it.", valueName: "count"))
    var jsonDigits: Int?

    @Flag(
        help: ArgumentHelp(
            "With --grammar or --json-schema: end with exit code 75 if the text was cut before it was whole.")
    )
    var requireComplete = false

    func validate() throws {
        if grammar != nil, jsonSchema != nil {
            throw ValidationError("give either --grammar or --json-schema, not both")
        }
        if let jsonDigits {
            guard jsonSchema != nil else { throw ValidationError("--json-digits needs --json-schema") }
            guard (1...400).contains(jsonDigits) else {
                throw ValidationError("--json-digits is \(jsonDigits); expected 1 to 400")
            }
        }
        if requireComplete, grammar == nil, jsonSchema == nil {
            throw ValidationError("--require-complete needs --grammar or --json-schema")
        }
    }

    /// Says on standard error that a text was cut.
    ///
    /// - Throws: ``Failure`` of the code `incomplete` where a whole text is required.
    func check(isComplete: Bool) throws {
        guard let path = grammar ?? jsonSchema, !isComplete else { return }
        let message =
            "the text was cut before it was whole by \(path). Allow more tokens with --max-tokens, or let it end "
            + "without --stop."
        if requireComplete { throw Failure(.incomplete, message) }
        Messages.note(message)
    }

    func constraint(for model: LanguageModel) throws -> GrammarConstraint? {
        guard let path = grammar ?? jsonSchema else { return nil }
        let text = try TextFile(path: path).content()
        let parsed: Grammar
        do {
            var options = JSONSchemaOptions()
            if let jsonDigits {
                options.lengths.wholeDigits = jsonDigits
                options.lengths.fractionDigits = jsonDigits
            }
            parsed = try grammar != nil ? Grammar(text) : Grammar(jsonSchema: text, options: options)
        } catch {
            throw Failure(.badData, "\(path): \(error)")
        }
        let vocabulary = TokenVocabulary(
            try model.tokenizer, count: model.decoder.configuration.vocabulary)
        return try GrammarConstraint(grammar: parsed, vocabulary: vocabulary)
    }
}
