import AttentionTemplates
import AttentionTokenizers

extension Reader {
    /// A chat template, rendered with a conversation.
    static let template = Reader(name: "template", errors: [ChatTemplateError.self]) { bytes in
        var template = try ChatTemplate(String(decoding: bytes, as: UTF8.self), name: "input")
        template.limits = .init(steps: 100_000, characters: 200_000)
        let call: ChatValue = [
            "id": "a",
            "function": ["name": "f", "arguments": ["x": 1.5, "y": [.null, true]] as ChatValue] as ChatValue,
        ]
        let prompt = try template.render(
            [
                ChatMessage(.system, "S<s>"), ChatMessage(.user, "\u{E9} <think>\u{1F600}</think>\n"),
                ChatMessage(
                    .assistant, .null, fields: [.init("tool_calls", [call]), .init("reasoning", "hm")]),
                ChatMessage(.user, [["type": "text", "text": "part"]]),
            ], tools: [call], variables: ["bos_token": "<s>", "enable_thinking": false])
        precondition(prompt.content.allSatisfy { !$0.isEmpty && $0.upperBound <= prompt.text.utf8.count })
    }
}
