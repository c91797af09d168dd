import AttentionGeneration
import AttentionTemplates
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

struct ConversationTests {
    private let files: SmallDecoder
    private let model: LanguageModel
    private static let template =
        "{{ bos_token }}{% for m in messages %}{{ m.role[0] }} {{ m.content }}{{ ' ' if m.role == 'user' else eos_token }}"
        + "{% endfor %}{% if add_generation_prompt %}a {% endif %}"

    init() throws {
        files = try SmallDecoder()
        try files.write(
            #"{"bos_token": "<s>", "eos_token": "</s>", "chat_template": \#(Self.quoted(Self.template))}"#,
            to: "tokenizer_config.json")
        model = try LanguageModel(path: files.folder.path)
    }

    private static func quoted(_ text: String) -> String { "\"" + text + "\"" }

    private func conversation(system: String? = nil, tokens: Int = 6) throws -> Conversation {
        try Conversation(with: model, system: system, options: GenerationOptions(maximumTokens: tokens))
    }

    /// The tokens of an answer, and how much of the prompt was known before.
    private func ask(_ text: String, _ conversation: inout Conversation) throws -> (
        ids: [Int], known: Int, prompt: [Int]
    ) {
        var answer = try conversation.answer(to: text)
        let known = answer.generation.request.promptTokensRead
        var ids: [Int] = []
        while let token = try answer.next() { ids.append(token.id) }
        try conversation.keep(answer)
        return (ids, known, Array(answer.generation.state.tokens.prefix(answer.generation.state.promptCount)))
    }

    /// The part of the earlier turns that the cache keeps changes no token.
    @Test func answersAreThoseOfTheWholePrompt() throws {
        var conversation = try conversation(system: "be")
        for (turn, text) in ["hi", "and", "so"].enumerated() {
            let (ids, known, prompt) = try ask(text, &conversation)
            #expect(prompt[0] == 0)
            var whole = try model.generation(of: prompt, conversation.options)
            var expected: [Int] = []
            while let token = try whole.next() { expected.append(token.id) }
            #expect(ids == expected)
            // All of the turns before but the last token, which nobody has read.
            #expect(turn == 0 ? known == 0 : known > 10 * turn, "\(known) of \(prompt.count)")
        }
        #expect(
            conversation.messages.map(\.role) == [
                .system, .user, .assistant, .user, .assistant, .user, .assistant,
            ])
    }

    @Test func aNewBeginningKeepsTheSystemMessage() throws {
        var conversation = try conversation(system: "be")
        let first = try ask("hi", &conversation)
        _ = try ask("and", &conversation)
        conversation.reset()
        #expect(conversation.messages == [ChatMessage(.system, "be")])
        let again = try ask("hi", &conversation)
        #expect(again.ids == first.ids && again.prompt == first.prompt)
        // The prompt is known from before; its last token is read again.
        #expect(again.known == first.prompt.count - 1)
    }

    /// A new beginning with another message keeps only the common start of the prompts.
    @Test func aNewBeginningWithAnotherMessage() throws {
        var conversation = try conversation(system: "be")
        _ = try ask("hello there", &conversation)
        conversation.reset()
        let (ids, known, prompt) = try ask("so what now", &conversation)
        var fresh = try model.generation(of: prompt, conversation.options)
        #expect(try fresh.rest().map(\.id) == ids)
        #expect(known > 0 && known < prompt.count - 8, "\(known) of \(prompt.count)")
    }

    @Test func answersChangeNothingUntilKept() throws {
        let conversation = try conversation()
        var answer = try conversation.answer(to: "hi")
        _ = try answer.next()
        #expect(conversation.messages.isEmpty && conversation.tokensRead == 0)
        var copy = conversation
        try copy.keep(answer)
        #expect(copy.messages.count == 2 && copy.tokensRead > 0)
        #expect(conversation.messages.isEmpty)
    }

    @Test func theContextFillsUp() throws {
        var conversation = try conversation(tokens: 20)
        var turns = 0
        while turns < 10 {
            do {
                _ = try ask("word word", &conversation)
                turns += 1
            } catch ConversationError.contextFull(let tokens, let context, let longest) {
                #expect(context == 64 && longest == 64 && tokens >= 64)
                break
            }
        }
        #expect((1...6).contains(turns))
        #expect(conversation.messages.count == 2 * turns)
        // A context that can grow no further is not to be enlarged.
        for (longest, isAdvised) in [(64, false), (128, true)] {
            let text = "\(ConversationError.contextFull(tokens: 70, context: 64, longest: longest))"
            #expect(text.contains("begin anew") && text.contains("enlarge") == isAdvised)
            let prompt = "\(GenerationError.promptTooLong(tokens: 70, context: 64, longest: longest))"
            #expect(prompt.contains("shorten") && prompt.contains("enlarge") == isAdvised)
        }
    }

    /// The template ends an answer with `</s>`, which the model's own files do not name.
    @Test func endTokensComeFromTheTemplate() throws {
        #expect(try conversation().options.stopTokens?.contains(1) == true)
        var options = GenerationOptions()
        options.stopTokens = [5]
        #expect(try Conversation(with: model, options: options).options.stopTokens == [5])
    }

    @Test func aModelWithoutATemplate() throws {
        try FileManager.default.removeItem(at: files.folder.appendingPathComponent("tokenizer_config.json"))
        #expect(throws: ChatTemplateError.noTemplate(model: model.path, name: nil, available: [])) {
            try Conversation(with: model)
        }
        let format = ChatFormat(template: try ChatTemplate("{{ messages[-1].content }}"))
        var conversation = try Conversation(with: model, format: format)
        #expect(try ask("hi", &conversation).prompt.count == 2)
    }
}
