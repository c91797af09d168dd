import ArgumentParser
import AttentionGeneration
import AttentionMaps
import AttentionTokenizers
import Foundation

/// `attend logits`: the most probable next tokens.
struct Logits: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the most probable next tokens.",
        usage: """
            attend logits --model <model> <text> [--top <count> | --json]
            attend logits --model <model> --tokens <ids> [--top <count> | --json]
            """,
        discussion: """
            Prints the most probable next tokens with their probabilities and logits. ␣ marks a space at the \
            beginning or end of a token, and <E4 BD> bytes that are only part of a character.

              attend logits --model stories.gguf "Once upon a"
              attend logits --model stories.gguf --tokens 5,17,99 --json

            With --json one object is printed:

              logits  the logits of all tokens at the last position, [vocabulary]
            """)

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Cache") var cache: CacheOptions
    @OptionGroup(title: "Prompt") var prompt: Prompt

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How many tokens are shown; by default 10.", valueName: "count"))
    var top: Int?

    @Flag(help: "Print all logits as one JSON object.")
    var json = false

    func validate() throws {
        guard let top else { return }
        if top < 1 { throw ValidationError("--top is \(top); expected 1 or more") }
        if json { throw ValidationError("--top is for the table; --json prints the logits of all tokens") }
    }

    func run() throws {
        try model.withLanguageModel { model in
            let logits = try model.logits(after: prompt.ids(for: model), storage: cache.storage)
            guard logits.allSatisfy(\.isFinite) else { throw Failure.overflow(of: self.model.model) }
            var output = StandardOutput()
            try output.write(
                json
                    ? JSON.object([("logits", .numbers(logits))]).line : Array(table(logits, model).utf8))
            try output.flush()
        }
    }

    private func table(_ logits: [Float], _ model: LanguageModel) throws -> String {
        let best = try logits.withUnsafeBufferPointer {
            try TokenLogProbability(of: 0, in: $0, top: min(top ?? 10, $0.count))
        }
        let tokenizer = try? model.tokenizer
        var rows = [["token", "id", "probability", "logit"]]
        for entry in best.alternatives {
            rows.append([
                tokenizer?.displayText(ofToken: entry.token).map(VisibleText.markSpaces) ?? "",
                "\(entry.token)",
                Self.percent(entry.logProbability), "\(logits[entry.token])",
            ])
        }
        return TextTable(rows: rows, rightAligned: [1, 2, 3]).lines.joined()
    }

    private static func percent(_ logProbability: Float) -> String {
        String(format: "%.2f %%", 100 * exp(Double(logProbability)))
    }
}
