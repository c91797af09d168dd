import ArgumentParser
import AttentionGeneration
import AttentionModels
import AttentionTokenizers
import Foundation

/// `attend perplexity`: measures how well a language model predicts a text.
struct MeasurePerplexity: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Measure how well a language model predicts a text.",
        usage:
            "attend perplexity --model <model> --file <path> [--window <count>] [--stride <count> | --halves] [--json]",
        discussion: """
            Prints the perplexity: e to the power of the mean of −log p over the tokens of the text. Lower \
            is better; a model that gives all tokens the same probability has a perplexity of its \
            vocabulary's size.

              attend perplexity --model stories.gguf --file text.txt
              attend perplexity --model stories.gguf --file text.txt --window 256 --halves

            The text is read in windows of --window tokens, each --stride tokens after the one before. Every \
            token but the first is scored once, in the first window that holds it, as in the documentation \
            of transformers. With --halves the windows do not overlap and the second half of each is scored, \
            as in llama.cpp, so that the figures can be compared.

            With --json one object is printed:

              perplexity  the perplexity
              error       its standard error; null for a single token
              tokens      the number of tokens that were scored
            """)

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Cache") var cache: CacheOptions

    @Option(
        help: ArgumentHelp("A UTF-8 file; - reads standard input.", valueName: "path"), completion: .file())
    var file: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The number of tokens in a window; by default 512, or the model's longest text if that is shorter.",
            valueName: "count"))
    var window: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The number of tokens from the start of one window to the start of the next; by default half a window.",
            valueName: "count"))
    var stride: Int?

    @Flag(help: "Score the second half of windows that do not overlap, as llama.cpp does.")
    var halves = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if halves, stride != nil { throw ValidationError("--halves cannot be combined with --stride") }
    }

    func run() throws {
        let text = try TextFile(path: file).text()
        try model.withLanguageModel { model in
            let length = window ?? min(512, model.decoder.configuration.longestSequence)
            let windows: Perplexity.Windows =
                halves
                ? .halves(length: length) : .sliding(length: length, stride: stride ?? max(length / 2, 1))
            let tokens = try model.tokenizer.encode(text).ids
            let found = try measure(model, tokens, windows)
            guard found.value.isFinite else { throw Failure.overflow(of: self.model.model) }
            var output = StandardOutput()
            try output.write(
                json
                    ? JSON.object([
                        ("perplexity", .number(Float(found.value))),
                        ("error", found.standardError.isFinite ? .number(Float(found.standardError)) : .null),
                        ("tokens", .integer(found.tokens)),
                    ]).line
                    : Array(line(found).utf8))
            try output.flush()
        }
    }

    private func line(_ found: Perplexity) -> String {
        let value = String(format: "%.4f", found.value)
        // One token has no standard error.
        let error = found.standardError.isFinite ? String(format: " ± %.4f", found.standardError) : ""
        return "\(value)\(error) over \(found.tokens) \(found.tokens == 1 ? "token" : "tokens")\n"
    }

    private func measure(
        _ model: LanguageModel, _ tokens: [Int], _ windows: Perplexity.Windows
    ) throws -> Perplexity {
        var bar: ProgressBar?
        defer { bar?.finish() }
        return try model.perplexity(
            of: tokens, windows: windows, beginToken: model.tokenizer.encode("").ids.first,
            storage: cache.storage
        ) { done, total, _ in
            if bar == nil { bar = ProgressBar("windows", total: total) }
            bar?.update(done)
        }
    }
}
