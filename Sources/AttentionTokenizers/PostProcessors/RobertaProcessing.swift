import AttentionJSON

/// RoBERTa's input: `<s> first </s>`, or `<s> first </s></s> second </s>`, all of type 0.
///
/// - Note: Liu et al., "RoBERTa" (2019).
struct RobertaProcessing: PostProcessor {
    static let type = "RobertaProcessing"

    let templates: (single: Template, pair: Template)?
    let trimming: OffsetTrimming?

    init(reading value: JSONValue, id: (String) -> Int?) throws(TokenizerError) {
        self.init(
            begin: try BertProcessing.token(value.required("cls"), id),
            separator: try BertProcessing.token(value.required("sep"), id),
            trimming: try OffsetTrimming(reading: value))
    }

    init(
        begin: (token: String, id: Int), separator: (token: String, id: Int), trimming: OffsetTrimming?
    ) {
        let end = Template.Part.special(id: separator.id, token: separator.token, typeID: 0)
        let single: [Template.Part] = [
            .special(id: begin.id, token: begin.token, typeID: 0), .sequence(0, typeID: 0), end,
        ]
        templates = (Template(parts: single), Template(parts: single + [end, .sequence(1, typeID: 0), end]))
        self.trimming = trimming
    }
}
