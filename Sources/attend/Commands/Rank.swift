import ArgumentParser
import AttentionGeneration
import AttentionMaps
import AttentionTasks
import Foundation

/// `attend rank`: the lines of a file by their likeness to a query.
struct Rank: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Order the lines of a file by how close they are in meaning to a query.",
        usage: """
            attend rank --model <model> --query <text> --file <path> [--query-prompt <text>]
                        [--document-prompt <text>] [--top <count>] [--json]
            """,
        discussion: """
            Prints one line a match, the best first: the cosine of the two vectors (1: the same direction, \
            0: nothing in common), the number of the line in the file from 1 on, and the line. Empty lines \
            are left out. Lines that are alike keep their order. A model that says so is compared by \
            another number than the cosine: the dot product, or a distance with a minus sign.

            Before the query stands the model's own prompt "query", and before each line its prompt \
            "document", if it has them.

              attend rank --model all-MiniLM-L6-v2 --query "password" --file faq.txt
              cat *.txt | attend rank --model all-MiniLM-L6-v2 --query "tax" --file -

            With --json one object is printed:

              query    the query
              matches  the lines in order, each with score, line (its number) and text
            """)

    @OptionGroup(title: "Model") var options: EncoderOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("The text to look for.", valueName: "text"))
    var query: String

    @Option(
        help: ArgumentHelp(
            "A UTF-8 file with one text a line; - reads standard input.", valueName: "path"),
        completion: .file())
    var file: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("A prompt before the query, in place of the model's.", valueName: "text"))
    var queryPrompt: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("A prompt before each line, in place of the model's.", valueName: "text"))
    var documentPrompt: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The greatest number of lines to print; by default all.", valueName: "count"))
    var top: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if let top, top < 1 { throw ValidationError("--top is \(top); expected 1 or more") }
    }

    func run() throws {
        try options.withEmbedder { embedder in
            let lines = try TextFile(path: file).lines().enumerated()
                .filter { !$0.element.allSatisfy(\.isWhitespace) }
            let texts = lines.map(\.element)
            guard !texts.isEmpty else {
                throw Failure(.badData, "\(file) holds only empty lines: expected one text a line")
            }
            let queryPrompt = queryPrompt.map { SentencePrompt.text($0) } ?? .named("query")
            let documentPrompt = documentPrompt.map { SentencePrompt.text($0) } ?? .named("document")
            try embedder.noteCut(texts, prompt: documentPrompt)
            let progress = ProgressBar("lines", total: texts.count)
            defer { progress.finish() }
            let matches = try embedder.rank(
                query: query, documents: texts, top: top, queryPrompt: queryPrompt,
                documentPrompt: documentPrompt, progress: progress.update)
            progress.finish()
            guard matches.allSatisfy(\.score.isFinite) else { throw Failure.overflow(of: options.model) }
            let rows = matches.map {
                Row(score: $0.score, line: lines[$0.index].offset + 1, text: texts[$0.index])
            }
            try print(rows)
        }
    }

    private struct Row {
        let score: Float
        let line: Int
        let text: String
    }

    private func print(_ rows: [Row]) throws {
        var output = StandardOutput()
        if json {
            let matches = rows.map { row in
                JSON.object([
                    ("score", .number(row.score)), ("line", .integer(row.line)), ("text", .string(row.text)),
                ])
            }
            try output.write(JSON.object([("query", .string(query)), ("matches", .array(matches))]).line)
        } else {
            let digits = rows.map { "\($0.line)".count }.max() ?? 1
            for row in rows {
                let line = "\(row.line)"
                let space = String(repeating: " ", count: digits - line.count)
                // A file's text must not be able to steer the terminal.
                let text = StandardOutput.isTerminal ? VisibleText.escape(row.text) : row.text
                try output.write("\(String(format: "%7.4f", row.score))  \(space)\(line)  \(text)\n")
            }
        }
        try output.flush()
    }
}
