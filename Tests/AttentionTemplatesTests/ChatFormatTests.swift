import AttentionFiles
import AttentionTemplates
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

struct ChatFormatTests {
    private static let config = """
        {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null, "chat_template": TEMPLATE}
        """

    private func folder(template: String, _ files: [String: String] = [:]) throws -> URL {
        let config = Self.config.replacingOccurrences(of: "TEMPLATE", with: template)
        return try textFolder(["tokenizer_config.json": config].merging(files) { $1 })
    }

    @Test func theTemplateIsInTheTokenizersSettings() throws {
        let folder = try folder(
            template: #""{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}""#)
        defer { try? FileManager.default.removeItem(at: folder) }
        let format = try ChatFormat(path: folder.path)
        #expect(format.specialTokens == ["bos_token": "<s>", "eos_token": "</s>"])
        #expect(try format.render([ChatMessage(.user, "a")]).text == "<s>a</s>")
    }

    @Test func theFileOfSpecialTokensComesFirst() throws {
        let folder = try folder(
            template: "\"a\"", ["special_tokens_map.json": #"{"bos_token": "<b>", "pad_token": "<p>"}"#])
        defer { try? FileManager.default.removeItem(at: folder) }
        let expected = ["bos_token": "<b>", "eos_token": "</s>", "pad_token": "<p>"]
        #expect(try ChatFormat.specialTokens(of: ModelFile(path: folder.path)) == expected)
    }

    @Test func aFileOfItsOwnComesFirst() throws {
        let folder = try folder(template: "\"a\"", ["chat_template.jinja": "b\n"])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try ChatFormat(path: folder.path).render([]).text == "b")
    }

    @Test func theProcessorsFileComesLast() throws {
        let folder = try folder(template: "null", ["chat_template.json": #"{"chat_template": "c"}"#])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try ChatFormat(path: folder.path).render([]).text == "c")
    }

    @Test func templatesWithNames() throws {
        let folder = try folder(
            template: """
                [{"name": "default", "template": "a"}, {"name": "tool_use", "template": "b"}, {"name": "rag", "template": "c"}]
                """)
        defer { try? FileManager.default.removeItem(at: folder) }
        let format = try ChatFormat(path: folder.path)
        #expect(try format.render([]).text == "a")
        #expect(try format.render([], tools: []).text == "b")
        #expect(try ChatFormat(path: folder.path, name: "rag").render([], tools: []).text == "c")
        #expect(
            throws: ChatTemplateError.noTemplate(
                model: folder.path, name: "x", available: ["default", "rag", "tool_use"])
        ) { try ChatFormat(path: folder.path, name: "x") }
    }

    /// The places that disagree, in all combinations.
    @Test func theChoiceIsThatOfTheReference() throws {
        let file = Locations.fixture("AttentionTemplatesTests", "chat_template_choice.json")
        let cases = ChatFixture.elements(try ChatValue(json: Data(contentsOf: file), name: file.path))
        #expect(cases.count == 56)
        for test in cases {
            let files = ChatFixture.members(test["files"])
            let folder = try textFolder(
                Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.value.stringValue ?? "") }))
            defer { try? FileManager.default.removeItem(at: folder) }
            func text(_ name: String?, tools: [ChatValue]? = nil) -> String? {
                try? ChatFormat(path: folder.path, name: name).render([ChatMessage(.user, "a")], tools: tools)
                    .text
            }
            let label = Comment(rawValue: files.map { "\($0.name): \($0.value)" }.joined(separator: "; "))
            #expect(text(nil) == test["plain"]?.stringValue, label)
            #expect(text(nil, tools: [["type": "function"]]) == test["tools"]?.stringValue, label)
            #expect(text(nil, tools: []) == test["empty"]?.stringValue, label)
            for named in ChatFixture.members(test["named"]) {
                // A single template has no name in the reference, and `default` here.
                let only = named.name == "default" ? test["plain"]?.stringValue : nil
                #expect(text(named.name) == named.value.stringValue ?? only, label)
            }
        }
    }

    /// Unlike the reference, which leaves documents to `default`.
    @Test func documentsTakeTheirOwnTemplate() throws {
        let folder = try folder(
            template: """
                {"default": "a", "tool_use": "b", "rag": "c {{ documents[0].title }}"}
                """)
        defer { try? FileManager.default.removeItem(at: folder) }
        var format = try ChatFormat(path: folder.path)
        #expect(format.templateNames == ["default", "rag", "tool_use"])
        #expect(try format.render([], documents: [["title": "d"]]).text == "c d")
        #expect(try format.render([], tools: [], documents: [["title": "d"]]).text == "b")
        #expect(try format.template(named: "rag").source == "c {{ documents[0].title }}")
        format.templateName = "default"
        #expect(try format.render([], tools: [], documents: []).text == "a")
        format.templateName = "none"
        #expect(throws: ChatTemplateError.self) { try format.render([]) }
    }

    /// A template that cannot be read is an error where a conversation takes it.
    @Test func aDamagedTemplateHurtsOnlyItsOwnConversations() throws {
        let folder = try folder(template: #"{"default": "a", "tool_use": "{{"}"#)
        defer { try? FileManager.default.removeItem(at: folder) }
        let format = try ChatFormat(path: folder.path)
        #expect(try format.render([]).text == "a")
        #expect(throws: ChatTemplateError.self) { try format.render([], tools: []) }
        #expect(throws: ChatTemplateError.self) { try ChatFormat(path: folder.path, name: "tool_use") }
    }

    @Test func aModelWithoutATemplate() throws {
        let folder = try textFolder([:])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: ChatTemplateError.noTemplate(model: folder.path, name: nil, available: [])) {
            try ChatFormat(path: folder.path)
        }
    }

    @Test func filesThatAreNotAsTheyShouldBe() throws {
        for template in ["5", "[5]", #"[{"name": "a"}]"#, #"{"a": 5}"#] {
            let folder = try folder(template: template)
            defer { try? FileManager.default.removeItem(at: folder) }
            #expect(throws: TokenizerError.self) { try ChatFormat(path: folder.path) }
        }
        let folder = try textFolder([:])
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data([0x61, 0xFF]).write(to: folder.appendingPathComponent("chat_template.jinja"))
        #expect(throws: TokenizerError.self) { try ChatFormat(path: folder.path) }
    }
}
