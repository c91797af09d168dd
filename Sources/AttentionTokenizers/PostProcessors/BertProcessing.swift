import AttentionJSON

/// BERT's input: `[CLS] first [SEP]`, or `[CLS] first [SEP] second [SEP]`, the second one of type 1.
///
/// - Note: Devlin et al., "BERT" (2018), figure 2.
struct BertProcessing: PostProcessor {
    static let type = "BertProcessing"

    let templates: (single: Template, pair: Template)?

    init(begin: (token: String, id: Int), separator: (token: String, id: Int)) {
        let single: [Template.Part] = [
            .special(id: begin.id, token: begin.token, typeID: 0),
            .sequence(0, typeID: 0),
            .special(id: separator.id, token: separator.token, typeID: 0),
        ]
        let second: [Template.Part] = [
            .sequence(1, typeID: 1),
            .special(id: separator.id, token: separator.token, typeID: 1),
        ]
        templates = (Template(parts: single), Template(parts: single + second))
    }

    init(reading value: JSONValue, id: (String) -> Int?) throws(TokenizerError) {
        self.init(
            begin: try Self.token(value.required("cls"), id),
            separator: try Self.token(value.required("sep"), id))
    }

    /// Reads `["[SEP]", 102]`.
    static func token(
        _ value: JSONValue, _ id: (String) -> Int?
    ) throws(TokenizerError) -> (token: String, id: Int) {
        let fields = try value.array()
        guard fields.count == 2 else { throw value.invalid("must hold a token and its id") }
        let token = try fields[0].string()
        let number = try fields[1].count()
        try token.check(number, field: fields[1], tokenField: fields[0], id)
        return (token, number)
    }
}
