import ArgumentParser
import AttentionGeneration
import AttentionTokenizers

/// `attend chat`: a conversation with a language model.
struct Chat: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hold a conversation with a language model.",
        discussion: """
            The model is talked to as its own chat template says. A line is a message, and Ctrl-C stops an answer. At a \
            terminal a line can be edited: cursor keys, Home and End, Ctrl-A, E, U, K and W; up and down bring back \
            earlier lines. Where standard input is no terminal, each of its lines is answered in turn, and Ctrl-C ends.

              attend chat --model Qwen3-0.6B
              attend chat --model Llama-3.2-1B-Instruct-Q8_0.gguf --system "Be brief."
              echo "Why is the sky blue?" | attend chat --model Qwen3-0.6B

            What begins with a slash is meant for the program:

            \(ChatCommand.list.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))

            Special tokens such as <|im_end|> in a message are read as plain text, so that what is pasted cannot pass \
            for another speaker.
            """)

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Cache") var cache: CacheOptions
    @OptionGroup(title: "Conversation") var template: ChatTemplateOptions

    @Option(help: ArgumentHelp("How the model should behave.", valueName: "text"))
    var system: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A switch of the template, as in enable_thinking=false; the value is JSON, or else text. May be given "
                + "several times.", valueName: "name=value"), transform: TemplateVariable.init)
    var set: [TemplateVariable] = []

    @OptionGroup(title: "Sampling") var sampling: SamplingOptions

    @Option(
        name: [.customShort("n"), .long], parsing: .unconditional,
        help: ArgumentHelp("The most tokens of an answer.", valueName: "count"))
    var maxTokens = 2048

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The most tokens of the whole conversation; by default what the model was made for.",
            valueName: "count"))
    var context: Int?

    @Flag(help: "Say on standard error how fast each answer was.")
    var stats = false

    func validate() throws { try LengthOptions.check(maxTokens: maxTokens, context: context) }

    func run() throws {
        try model.withLanguageModel { model in
            var options = GenerationOptions(
                sampling: try sampling.sampling(for: model), maximumTokens: maxTokens)
            options.context = context
            options.storage = cache.storage
            var conversation = try Conversation(
                with: model, format: template.format(ofModelAt: model.path), system: system, options: options)
            for variable in set { conversation.variables[variable.name] = variable.value }
            var session = ChatSession(conversation, reportsSpeed: stats)
            try session.run()
        }
    }
}

/// A value of `--set`.
struct TemplateVariable {
    let name: String
    let value: ChatValue

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw ValidationError("'\(text)' is not a name and a value, such as enable_thinking=false")
        }
        name = String(parts[0])
        value = (try? ChatValue(json: parts[1].utf8)) ?? .string(String(parts[1]))
    }
}
