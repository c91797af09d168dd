import ArgumentParser
import AttentionGeneration
import AttentionHub
import AttentionMaps
import AttentionTokenizers

/// `attend tokenize`: a text as the pieces that a model reads.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the tokens that a model makes of a text.",
        discussion: """
            Prints a table: each token, its id in the vocabulary, where it stands in the text and what \
            stands there. ␣ marks a space at the beginning or end of a token, and <E4 BD> bytes that are \
            only part of a character. Places are counted in UTF-8 bytes from 0, and the end is not \
            included. Tokens that the model adds, such as [CLS], have no place. Nothing is cut, however \
            long the text is.

              attend tokenize --model all-MiniLM-L6-v2 "Tokenization splits words."
              attend tokenize --model vocab.txt --no-special-tokens --json - < letter.txt

            With --json one object is printed, whose lists have one element a token:

              tokens   the pieces, as the vocabulary has them
              ids      their numbers
              offsets  [start, end] in UTF-8 bytes of the text that the token is from
              types    the segment: 0, or 1 for the second text
            """)

    @Option(
        help: ArgumentHelp(
            "A model's folder or name, a tokenizer.json, a tokenizer.model, a vocab.txt, or a GGUF file.",
            valueName: "model"),
        completion: .file(extensions: ["json", "model", "txt", "gguf"]))
    var model: String

    @Argument(help: "The text, in quotes, and after -- if it begins with a dash; - reads standard input.")
    var text: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("A second text, for models that read two at once.", valueName: "text"))
    var pair: String?

    @Flag(help: "Leave out the tokens that the model adds, such as [CLS] and [SEP].")
    var noSpecialTokens = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let text = try TextArgument.read(text)
        let tokenizer = try Tokenizer(path: ModelSource().path(of: model, parts: .tokenizer))
        let encoding = try tokenizer.encode(text, pair: pair, addSpecialTokens: !noSpecialTokens)
        var output = StandardOutput()
        try output.write(json ? object(encoding).line : Array(table(encoding, tokenizer, text).utf8))
        try output.flush()
    }

    private func object(_ encoding: Encoding) -> JSON {
        .object([
            ("tokens", .strings(encoding.tokens)), ("ids", .integers(encoding.ids)),
            ("offsets", .array(encoding.offsets.map { .integers([$0.lowerBound, $0.upperBound]) })),
            ("types", .integers(encoding.typeIDs)),
        ])
    }

    private func table(_ encoding: Encoding, _ tokenizer: Tokenizer, _ text: String) -> String {
        var rows = [["token", "id", "bytes", pair == nil ? "" : "of", "text"]]
        for index in 0..<encoding.count {
            let source = encoding.sequences[index]
            let bytes = encoding.offsets[index]
            let slice = source.flatMap { encoding.substring(ofToken: index, in: $0 == 0 ? text : pair ?? "") }
            rows.append([
                VisibleText.markSpaces(tokenizer.displayText(ofToken: index, in: encoding)),
                "\(encoding.ids[index])",
                source == nil ? "" : "\(bytes.lowerBound)–\(bytes.upperBound)",
                pair == nil ? "" : source.map { "text \($0 + 1)" } ?? "",
                slice.map { VisibleText.escape(String($0)) } ?? "",
            ])
        }
        return TextTable(rows: rows, rightAligned: [1, 2]).lines.joined()
    }
}
