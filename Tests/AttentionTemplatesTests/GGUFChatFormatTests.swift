import AttentionFiles
import AttentionTemplates
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

struct GGUFChatFormatTests {
    private func format(_ metadata: [(String, GGUFBytes.Value)], name: String? = nil) throws -> ChatFormat {
        let file = try GGUFFile(
            content: GGUFBytes(metadata + [("tokenizer.ggml.tokens", .strings(["<unk>", "<s>", "</s>"]))])
                .bytes,
            label: "model.gguf")
        return try ChatFormat(ModelFile(.gguf(file)), name: name)
    }

    @Test func theTemplateAndItsTokens() throws {
        let format = try format([
            ("tokenizer.chat_template", .string("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}")),
            ("tokenizer.ggml.bos_token_id", .uint32(1)), ("tokenizer.ggml.eos_token_id", .uint32(2)),
            ("tokenizer.ggml.padding_token_id", .uint32(99)),
        ])
        #expect(format.specialTokens == ["bos_token": "<s>", "eos_token": "</s>"])
        #expect(try format.render([ChatMessage(.user, "a")]).text == "<s>a</s>")
    }

    @Test func templatesWithNames() throws {
        let metadata: [(String, GGUFBytes.Value)] = [
            ("tokenizer.chat_template", .string("a")), ("tokenizer.chat_template.tool_use", .string("b")),
            ("tokenizer.chat_templates", .strings(["tool_use", "absent"])),
        ]
        #expect(try format(metadata).render([], tools: []).text == "b")
        #expect(try format(metadata).render([]).text == "a")
        #expect(try format(metadata, name: "tool_use").render([]).text == "b")
    }

    /// The list of names may be missing, as in files that only have the keys.
    @Test func theKeysAreEnough() throws {
        let metadata: [(String, GGUFBytes.Value)] = [
            ("tokenizer.chat_template", .string("a")), ("tokenizer.chat_template.rag", .string("c")),
        ]
        #expect(try format(metadata).templateNames == ["default", "rag"])
        #expect(try format(metadata).render([], documents: []).text == "c")
    }

    @Test func aFileWithoutATemplate() throws {
        #expect(throws: ChatTemplateError.noTemplate(model: "model.gguf", name: nil, available: [])) {
            try format([])
        }
        #expect(throws: GGUFError.self) { try format([("tokenizer.chat_template", .uint32(1))]) }
    }
}
