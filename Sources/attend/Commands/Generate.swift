import ArgumentParser
import AttentionGeneration
import AttentionModels
import Foundation

/// `attend generate`: continues a text.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a language model continue a text.",
        usage: """
            attend generate --model <model> <text> [<options>]
            attend generate --model <model> --tokens <ids> [<options>]
            """,
        discussion: """
            Prints the continuation while it is generated. It ends at the model's end token, at a stop \
            string, or after --max-tokens tokens. Ctrl-C ends it at once.

              attend generate --model Qwen3-0.6B "Once upon a time"
              attend generate --model stories.gguf "Lily" --temperature 0.8 --seed 7
              attend generate --model Llama-3.1-8B --draft Llama-3.2-1B "def fib(n):"
              attend generate --model Qwen3-0.6B "A cat as JSON: " --json-schema cat.json
              attend generate --model stories.gguf --tokens 1 --max-tokens 40 --json

            With --json one object is printed at the end. It holds the continuation only:

              tokens    the token ids, including an end token
              text      their text
              finish    the reason for the end: stop-token, stop-string, complete,
                        max-tokens, context or interrupted
              logprobs  with --logprobs: for each token its id, its log-probability
                        and the most probable tokens in its place
              prompt    with --echo: the prompt's tokens and text, and with --logprobs
                        their log-probabilities
              beams     with --beams: all texts that were found, with their scores
              seed      the seed, where tokens were sampled
            """)

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Cache") var cache: CacheOptions
    @OptionGroup(title: "Prompt") var prompt: Prompt
    @OptionGroup(title: "Sampling") var sampling: SamplingOptions
    @OptionGroup(title: "Length") var length: LengthOptions
    @OptionGroup(title: "Form") var form: ConstraintOptions
    @OptionGroup(title: "Beam search") var beamSearch: BeamSearchOptions
    @OptionGroup(title: "Speculation") var speculation: SpeculationOptions

    @Flag(help: "Print the prompt, too; with --json and --logprobs also the probabilities of its tokens.")
    var echo = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --json: print the log-probability of each token, and those of this many of the most "
                + "probable tokens.",
            valueName: "count"))
    var logprobs: Int?

    @Flag(help: "Print special tokens such as </s> as part of the text.")
    var special = false

    @Flag(help: "Print one JSON object at the end.")
    var json = false

    @Flag(help: "Print the speed on standard error.")
    var stats = false

    func validate() throws {
        if let logprobs, logprobs < 0 {
            throw ValidationError("--logprobs is \(logprobs); expected 0 or more")
        }
        if logprobs != nil, !json { throw ValidationError("--logprobs needs --json") }
        if beamSearch.beams != nil { try checkBeamSearch() }
    }

    /// Refuses options that a beam search would pass over.
    private func checkBeamSearch() throws {
        let others = [
            ("--logprobs", logprobs != nil), ("--draft or --lookup", speculation.isGiven),
            ("--stop", !length.stop.isEmpty), ("--stats", stats),
        ]
        if let other = others.first(where: \.1) {
            throw ValidationError("--beams cannot be combined with \(other.0)")
        }
        if sampling.draws {
            throw ValidationError(
                "--beams cannot be combined with --temperature, --seed or an option that cuts tokens off")
        }
    }

    func run() throws {
        try model.withLanguageModel { model in
            let ids = try prompt.ids(for: model)
            if beamSearch.beams != nil { return try search(model, ids) }
            Interruption.watch()
            var options = GenerationOptions(try sampling.settings(for: model), promptCount: ids.count)
            try length.set(&options, vocabulary: model.decoder.configuration.vocabulary)
            options.constraint = try form.constraint(for: model)
            options.logProbabilities = logprobs
            options.includesPrompt = echo && logprobs != nil
            options.skipsSpecialTokens = !special
            options.storage = cache.storage
            options.speculation = try speculation.speculation()
            var run = GenerationRun(model, prompt: ids, echoes: echo, streams: !json, skipsSpecial: !special)
            try run.generate(options, modelName: self.model.model)
            if json { try write(run.object(options)) }
            if stats { Messages.write(run.statistics) }
            if run.wasInterrupted { Foundation.exit(Interruption.exitCode) }
            try form.check(isComplete: run.meetsConstraint)
        }
    }

    private func search(_ model: LanguageModel, _ ids: [Int]) throws {
        let defaults = try sampling.settings(for: model)
        try length.stopTokens?.check(vocabulary: model.decoder.configuration.vocabulary, "--stop-tokens")
        var options = try beamSearch.options(
            length, defaults, promptCount: ids.count, storage: cache.storage)
        if !defaults.stopStrings.isEmpty {
            Messages.note("a beam search does not end at the model's stop strings")
        }
        options.constraint = try form.constraint(for: model)
        let beams = try model.beamSearch(ids, options)
        guard let best = beams.first else { return }
        let text = GenerationRun.text(model, after: ids, best.tokens, skipsSpecial: !special)
        guard json else {
            let before = echo ? GenerationRun.text(model, after: [], ids, skipsSpecial: !special) : ""
            var output = StandardOutput()
            try output.write(shown: before + text + "\n")
            try output.flush()
            return try form.check(isComplete: best.meetsConstraint)
        }
        let all = beams.map { beam in
            JSON.object([
                ("tokens", .integers(beam.tokens)),
                ("text", .string(GenerationRun.text(model, after: ids, beam.tokens, skipsSpecial: !special))),
                ("score", .number(beam.score)),
            ])
        }
        var members: [(String, JSON)] = [
            ("tokens", .integers(best.tokens)), ("text", .string(text)), ("beams", .array(all)),
        ]
        if echo { members.append(("prompt", GenerationRun.object(ids, model, skipsSpecial: !special))) }
        try write(JSON.object(members).line)
        try form.check(isComplete: best.meetsConstraint)
    }

    private func write(_ bytes: [UInt8]) throws {
        var output = StandardOutput()
        try output.write(bytes)
        try output.flush()
    }
}
