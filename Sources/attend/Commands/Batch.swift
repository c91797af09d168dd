import ArgumentParser
import AttentionFiles
import AttentionGeneration
import AttentionModels
import Foundation

/// `attend batch`: continues many texts at once.
struct Batch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a language model continue many texts at once, from file to file.",
        usage: "attend batch --model <model> --input <path> --output <path> [<options>]",
        discussion: """
            Each line of the input is a JSON object with one of these:

              prompt    a text
              tokens    token ids, taken as they are
              messages  a conversation, which the model's chat template makes a text of

            and, where they differ from the options: id, max_tokens, temperature, top_k, top_p, min_p, seed \
            and stop (a text or a list of them).

            Each line of the output answers the line of the input that has the same number. A text is the \
            same as from `attend generate` with the same options, whatever runs beside it:

              id             as in the input
              prompt_tokens  the number of tokens of the prompt
              tokens         the token ids, including an end token
              text           their text
              finish         the reason for the end: stop-token, stop-string, complete,
                             max-tokens or context
              whole          with --grammar or --json-schema: whether the text was not cut
              logprobs       with --logprobs, as from attend generate
              seed           the seed, where tokens were sampled
              error          in place of all this: why there is no text

            Answers are written in order as soon as they are there. A command that was ended on the way goes \
            on where it stopped when it is given again; --restart begins anew. If a line has an error, the \
            others go on, and the exit code is 65.

              echo '{"id": 1, "prompt": "Once upon a time"}' > in.jsonl
              attend batch --model Qwen3-0.6B --input in.jsonl --output out.jsonl
            """)

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Cache") var cache: CacheOptions

    @Option(
        help: ArgumentHelp("A file with one JSON object a line; - reads standard input.", valueName: "path"),
        completion: .file(extensions: ["jsonl"]))
    var input: String

    @Option(
        help: ArgumentHelp(
            "The file for the answers; - writes to standard output.", valueName: "path"),
        completion: .file(extensions: ["jsonl"]))
    var output: String

    @Flag(help: "Overwrite the output instead of going on where it ends.")
    var restart = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The maximum number of texts at once, 1 to 1024.", valueName: "count"))
    var parallel = 32

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The most memory for the keys and values of all texts, in MiB; by default half of the machine's.",
            valueName: "MiB"))
    var memory: Int?

    @OptionGroup(title: "Conversations") var template: ChatTemplateOptions
    @OptionGroup(title: "Sampling") var sampling: SamplingOptions
    @OptionGroup(title: "Length") var length: LengthOptions
    @OptionGroup(title: "Form") var form: ConstraintOptions
    @OptionGroup(title: "Speculation") var speculation: SpeculationOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Give the log-probability of each token, and those of this many of the most probable tokens.",
            valueName: "count"))
    var logprobs: Int?

    @Flag(help: "Give special tokens such as </s> as part of the text.")
    var special = false

    @Flag(help: "Print the speed on standard error.")
    var stats = false

    func validate() throws {
        if let logprobs, logprobs < 0 {
            throw ValidationError("--logprobs is \(logprobs); expected 0 or more")
        }
        if !(1...1024).contains(parallel) {
            throw ValidationError("--parallel is \(parallel); expected 1 to 1024")
        }
        if let memory, !(1...1 << 30).contains(memory) {
            throw ValidationError("--memory is \(memory); expected a number of MiB from 1 on")
        }
        if form.requireComplete {
            throw ValidationError(
                "--require-complete is for one text; here each answer says whether it is whole")
        }
    }

    func run() throws {
        try model.withLanguageModel { model in
            let lines = try TextFile(path: input).lines()
            let requests = try BatchRequests(lines: lines, model, options(for: model), self)
            let answers = try BatchAnswers(output, to: requests, from: input, restarts: restart)
            Interruption.watch()
            let run = BatchRun(
                model, requests, scheduling: scheduling, storage: cache.storage, modelName: self.model.model)
            let outcome = try run.run(writingTo: answers)
            if stats { Messages.write(outcome.statistics) }
            if Interruption.isAsked, outcome.answered < lines.count {
                Messages.note(
                    "\(outcome.answered) of \(lines.count) lines are answered; the same command goes on from there"
                )
                Foundation.exit(Interruption.exitCode)
            }
            guard outcome.errors == 0 else {
                throw Failure(
                    .badData,
                    "\(outcome.errors) of \(lines.count) lines have no text; their answers say why, as error")
            }
        }
    }

    private var scheduling: SchedulerOptions {
        var options = SchedulerOptions()
        options.mostTexts = parallel
        options.memoryLimit = memory.map { $0 << 20 } ?? Int(ProcessInfo.processInfo.physicalMemory / 2)
        return options
    }

    /// The settings of lines that say nothing else.
    private func options(for model: LanguageModel) throws -> BatchRequests.Options {
        try length.stopTokens?.check(vocabulary: model.decoder.configuration.vocabulary, "--stop-tokens")
        return BatchRequests.Options(
            defaults: try sampling.settings(for: model), constraint: try form.constraint(for: model),
            speculation: try speculation.speculation())
    }
}
