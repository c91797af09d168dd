import AttentionTokenizers
import Foundation
import Testing

struct ChatFormatTests {
    private static let config = """
        {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null, "chat_template": TEMPLATE}
        """

    private func folder(template: String, _ files: [String: String] = [:]) throws -> URL {
        let config = Self.config.replacingOccurrences(of: "TEMPLATE", with: template)
        return try TestData.folder(["tokenizer_config.json": config].merging(files) { $1 })
    }

    @Test func theTemplateIsInTheTokenizersSettings() throws {
        let folder = try folder(
            template: #""{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}""#)
        defer { try? FileManager.default.removeItem(at: folder) }
        let format = try ChatFormat(folder: folder)
        #expect(format.specialTokens == ["bos_token": "<s>", "eos_token": "</s>"])
        #expect(try format.render([ChatMessage(.user, "a")]).text == "<s>a</s>")
    }

    @Test func aFileOfItsOwnComesFirst() throws {
        let folder = try folder(template: "\"a\"", ["chat_template.jinja": "b\n"])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try ChatFormat(folder: folder).render([]).text == "b")
    }

    @Test func theProcessorsFileComesLast() throws {
        let folder = try folder(template: "null", ["chat_template.json": #"{"chat_template": "c"}"#])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try ChatFormat(folder: folder).render([]).text == "c")
    }

    @Test func templatesWithNames() throws {
        let folder = try folder(
            template: """
                [{"name": "default", "template": "a"}, {"name": "tool_use", "template": "b"}, {"name": "rag", "template": "c"}]
                """)
        defer { try? FileManager.default.removeItem(at: folder) }
        let format = try ChatFormat(folder: folder)
        #expect(try format.render([]).text == "a")
        #expect(try format.render([], tools: []).text == "b")
        #expect(try ChatFormat(folder: folder, name: "rag").render([], tools: []).text == "c")
        #expect(
            throws: ChatTemplateError.noTemplate(
                model: folder.path, name: "x", available: ["default", "rag", "tool_use"])
        ) { try ChatFormat(folder: folder, name: "x") }
    }

    @Test func aModelWithoutATemplate() throws {
        let folder = try TestData.folder([:])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: ChatTemplateError.noTemplate(model: folder.path, name: nil, available: [])) {
            try ChatFormat(folder: folder)
        }
    }

    @Test func filesThatAreNotAsTheyShouldBe() throws {
        for template in ["5", "[5]", #"[{"name": "a"}]"#, "{}"] {
            let folder = try folder(template: template)
            defer { try? FileManager.default.removeItem(at: folder) }
            #expect(throws: TokenizerError.self) { try ChatFormat(folder: folder) }
        }
        let folder = try TestData.folder([:])
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data([0x61, 0xFF]).write(to: folder.appendingPathComponent("chat_template.jinja"))
        #expect(throws: TokenizerError.self) { try ChatFormat(folder: folder) }
    }
}
