import ArgumentParser
import AttentionGeneration
import AttentionJSON
import AttentionTemplates
import AttentionTokenizers
import Foundation

/// `attend chat`: a conversation with a language model.
struct Chat: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hold a conversation with a language model.",
        discussion: """
            Each line is a message, and the model's own chat template makes the prompt. Ctrl-C stops an \
            answer, Ctrl-Z suspends the program, Ctrl-D ends it. A message can be edited with the cursor \
            keys, Home and End, and Ctrl-A, E, U, K and W; the up and down keys bring back earlier messages. \
            A pasted text is one message, with its line ends. What is typed during an answer waits until the \
            answer ends.

            Where standard input is no terminal, each of its lines is answered in turn, and Ctrl-C ends \
            the program. After a command that could not be followed, the exit code is that of the worst \
            mistake.

              attend chat --model Qwen3-0.6B
              attend chat --model Llama-3.2-1B-Instruct-Q8_0.gguf --system "Be brief."
              echo "Why is the sky blue?" | attend chat --model Qwen3-0.6B

            Lines that begin with a slash are commands:

            \(ChatCommand.list.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))

            Special tokens such as <|im_end|> in a message are read as plain text, so that a pasted text \
            cannot pose as another speaker.
            """)

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Cache") var cache: CacheOptions
    @OptionGroup(title: "Conversation") var template: ChatTemplateOptions

    @Option(help: ArgumentHelp("The system message: how the model should behave.", valueName: "text"))
    var system: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A variable of the template, as in enable_thinking=false. The value is JSON, or else text. Repeatable.",
            valueName: "name=value"), transform: TemplateVariable.init)
    var set: [TemplateVariable] = []

    @OptionGroup(title: "Sampling") var sampling: SamplingOptions

    @Option(
        name: [.customShort("n"), .long], parsing: .unconditional,
        help: ArgumentHelp("The maximum number of tokens of an answer.", valueName: "count"))
    var maxTokens = 2048

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The maximum number of tokens of the whole conversation; by default the model's own.",
            valueName: "count"))
    var context: Int?

    @Flag(help: "Print the speed of each answer on standard error.")
    var stats = false

    func validate() throws { try LengthOptions.check(maxTokens: maxTokens, context: context) }

    func run() throws {
        // From the beginning, so that what is typed while the model loads is not shown twice.
        if KeyTerminal.isAvailable { KeyTerminal.enter(.working) }
        defer { KeyTerminal.leave() }
        try model.withLanguageModel { model in
            var options = GenerationOptions(try sampling.settings(for: model), promptCount: 0)
            options.maximumTokens = maxTokens
            options.context = context
            options.storage = cache.storage
            var conversation = try Conversation(
                with: model, format: template.format(of: model.file), system: system, options: options)
            for variable in set { conversation.namedVariables[ExactString(variable.name)] = variable.value }
            var session = ChatSession(conversation, reportsSpeed: stats)
            try session.run()
            if let failure = session.failure { Foundation.exit(failure.rawValue) }
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
