import ArgumentParser
import AttentionFiles
import AttentionGeneration
import AttentionHub
import AttentionJSON
import AttentionTemplates
import AttentionTokenizers
import Foundation

/// `attend prompt`: the text that a model reads of a conversation.
struct ShowPrompt: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prompt",
        abstract: "Show the text that a chat template makes of a conversation.",
        discussion: """
            The conversation is JSON: a list of messages, each with role and content, or an object with \
            messages and, where there are any, tools, documents, add_generation_prompt and other variables \
            of the template.

              echo '[{"role": "user", "content": "Hi!"}]' > chat.json
              attend prompt --model Qwen3-0.6B chat.json
              attend prompt --template chat_template.jinja chat.json
              attend prompt --model command-r --template-name rag chat.json

            With --json one object is printed:

              text     the text
              content  [start, end] in UTF-8 bytes of what comes from the conversation,
                       where no special token is found
              tokens   the ids, if there is a --model
            """)

    @Option(
        help: ArgumentHelp("A model's folder or name, or a GGUF file.", valueName: "model"),
        completion: .file(extensions: ["gguf"]))
    var model: String?

    @OptionGroup var template: ChatTemplateOptions

    @Argument(help: "A file with the conversation; - reads standard input.")
    var conversation: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if model == nil, template.template == nil {
            throw ValidationError("give a --model or a --template")
        }
    }

    func run() throws {
        let file = try model.map {
            try ModelFile(path: ModelSource().path(of: $0, parts: .tokenizer))
        }
        let format = try template.format(of: file)
        let prompt = try render(
            format, ChatValue(json: TextFile(path: conversation).content().utf8, name: name))
        var output = StandardOutput()
        if json {
            var members: [(String, JSON)] = [
                ("text", .string(prompt.text)),
                ("content", .array(prompt.content.map { .integers([$0.lowerBound, $0.upperBound]) })),
            ]
            if let file {
                members.append(("tokens", .integers(try Tokenizer(file).encode(prompt).ids)))
            }
            try output.write(JSON.object(members).line)
        } else {
            try output.write(shown: prompt.text + "\n")
        }
        try output.flush()
    }

    private func render(_ format: ChatFormat, _ value: ChatValue) throws -> ChatPrompt {
        var messages = value
        var tools: [ChatValue]?
        var documents: [ChatValue]?
        var addsGenerationPrompt = true
        var variables: [ExactString: ChatValue] = [:]
        if case .object(let members) = value {
            messages = .null
            for member in members {
                switch (ExactString(member.name), member.value) {
                case ("messages", _): messages = member.value
                case ("tools", .array(let list)): tools = list
                case ("documents", .array(let list)): documents = list
                case ("tools", .null), ("documents", .null): break
                case ("tools", _), ("documents", _):
                    throw Failure(.badData, "\(name): expected a list as \(member.name)")
                case ("add_generation_prompt", .bool(let adds)): addsGenerationPrompt = adds
                default: variables[ExactString(member.name)] = member.value
                }
            }
        }
        guard case .array(let list) = messages else {
            throw Failure(
                .badData, "\(name): expected a list of messages, or an object that has it as messages"
            )
        }
        return try format.render(
            list.enumerated().map { index, value in
                guard let message = ChatMessage(value) else {
                    throw Failure(.badData, "\(name): message \(index) is no object with a role")
                }
                return message
            }, tools: tools, documents: documents, addGenerationPrompt: addsGenerationPrompt,
            named: variables)
    }

    private var name: String { TextFile(path: conversation).name }
}
