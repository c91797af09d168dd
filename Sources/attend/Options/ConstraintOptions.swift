import ArgumentParser
import AttentionGeneration
import AttentionGrammars
import AttentionModels

/// What a text has to follow.
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

    func validate() throws {
        if grammar != nil, jsonSchema != nil {
            throw ValidationError("give either --grammar or --json-schema, not both")
        }
    }

    func constraint(for model: LanguageModel) throws -> GrammarConstraint? {
        guard let path = grammar ?? jsonSchema else { return nil }
        let text = try TextFile(path: path).text()
        let parsed: Grammar
        do {
            parsed = try grammar != nil ? Grammar(text) : Grammar(jsonSchema: text)
        } catch {
            throw Failure(.badData, "\(path): \(error)")
        }
        let vocabulary = TokenVocabulary(
            try model.tokenizer, count: model.decoder.configuration.vocabulary)
        return try GrammarConstraint(grammar: parsed, vocabulary: vocabulary)
    }
}
