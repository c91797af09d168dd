import ArgumentParser
import AttentionGeneration
import AttentionGrammars
import AttentionTokenizers

struct GrammarBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grammar",
        abstract: "Which tokens a JSON Schema allows, on one thread: milliseconds a token.",
        discussion: """
            A text is followed token by token under a grammar, first by a constraint that knows nothing, \
            then by a copy that shares what has been found out.
            """)

    @Option(help: "A tokenizer.json, a tokenizer.model, a folder of one, or a GGUF file.")
    var tokenizer: String

    private static let person = """
        {"type": "object", "properties": {
            "name": {"type": "string", "maxLength": 60}, "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "born": {"type": "string", "format": "date"},
            "mail": {"type": "array", "maxItems": 4, "items": {"type": "string", "pattern": "^[a-z.]+@[a-z.]+$"}},
            "home": {"type": "object", "properties": {"street": {"type": "string"}, "town": {"type": "string"}},
                "required": ["street", "town"]}},
         "required": ["name", "age"]}
        """

    private static let text = """
        {"name": "Ada King, Countess of Lovelace", "age": 36, "born": "1815-12-10", "mail": \
        ["ada@engine.org", "a.king@ockham.uk"], "home": {"street": "12 St James's Square", "town": \
        "London"}}
        """

    func run() throws {
        let tokenizer = try Tokenizer(path: tokenizer)
        var vocabulary: TokenVocabulary!
        let made = seconds { vocabulary = TokenVocabulary(tokenizer) }
        print("a vocabulary of \(vocabulary.count) tokens, made in \((made * 1e3).formatted(1)) ms")
        print("grammar".padded(16), "tokens", "first: mean", "median", " worst", "again: mean", " worst")
        let ids = try tokenizer.encode(Self.text, addSpecialTokens: false).ids
        try measure("any JSON", Grammar.json(), ids, vocabulary)
        try measure("person", Grammar(jsonSchema: Self.person), ids, vocabulary)
    }

    private func measure(_ name: String, _ grammar: Grammar, _ ids: [Int], _ vocabulary: TokenVocabulary)
        throws
    {
        let start = try GrammarConstraint(grammar: grammar, vocabulary: vocabulary)
        func follow() throws -> [Double] {
            var constraint = start
            return try ids.map { id in
                let time = try seconds { _ = try constraint.allowedTokens() }
                try constraint.accept(id)
                return time * 1e3
            }
        }
        let (first, again) = (try follow(), try follow())
        func show(_ value: Double, _ width: Int) -> String { value.formatted(3).padded(width, left: true) }
        print(
            name.padded(16), "\(ids.count)".padded(6, left: true),
            show(first.reduce(0, +) / Double(ids.count), 11), show(median(first), 6), show(first.max()!, 6),
            show(again.reduce(0, +) / Double(ids.count), 11), show(again.max()!, 6))
    }
}
