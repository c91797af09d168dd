import AttentionTemplates
import AttentionTokenizers
import Foundation
import TestSupport

/// The reference's results for templates and conversations. Scripts/chat_template_fixtures.py writes them.
struct ChatFixture {
    let value: ChatValue

    init() throws {
        let file = Locations.fixture("AttentionTemplatesTests", "chat_templates.json")
        value = try ChatValue(json: Data(contentsOf: file), name: file.path)
    }

    static func elements(_ value: ChatValue?) -> [ChatValue] {
        if case .array(let elements)? = value { elements } else { [] }
    }

    static func members(_ value: ChatValue?) -> [ChatValue.Member] {
        if case .object(let members)? = value { members } else { [] }
    }

    static func variables(_ value: ChatValue?) -> [String: ChatValue] {
        Dictionary(members(value).map { ($0.name, $0.value) }) { $1 }
    }

    static func messages(_ value: ChatValue?) -> [ChatMessage] {
        elements(value).compactMap(ChatMessage.init)
    }

    static let date = Date(timeIntervalSince1970: 1_700_000_000)
    static let tokens: [String: ChatValue] = ["bos_token": "<s>", "eos_token": "</s>"]
}

/// A template's output for no conversation at all.
func rendered(
    _ source: String, _ variables: [String: ChatValue] = [:], _ messages: [ChatMessage] = [],
    limits: ChatTemplate.Limits = .init()
) throws(ChatTemplateError) -> String {
    var template = try ChatTemplate(source, name: "t")
    template.limits = limits
    return try template.render(messages, variables: variables, date: ChatFixture.date).text
}
