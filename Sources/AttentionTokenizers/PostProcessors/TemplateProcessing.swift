import AttentionJSON

/// Templates that the file spells out, such as `[CLS] $A [SEP]`.
struct TemplateProcessing: PostProcessor {
    static let type = "TemplateProcessing"

    let templates: (single: Template, pair: Template)?

    init(reading value: JSONValue, id: (String) -> Int?) throws(TokenizerError) {
        let specials = try value.required("special_tokens")
        templates = (
            try Self.template(value.required("single"), specials, id),
            try Self.template(value.required("pair"), specials, id)
        )
    }

    private static func template(
        _ value: JSONValue, _ specials: JSONValue, _ id: (String) -> Int?
    ) throws(TokenizerError) -> Template {
        var parts: [Template.Part] = []
        for element in try value.array() {
            if let sequence = try element.optional("Sequence") {
                parts.append(try self.sequence(sequence))
            } else if let special = try element.optional("SpecialToken") {
                parts += try self.specials(special, specials, id)
            } else {
                throw element.invalid("is neither a Sequence nor a SpecialToken")
            }
        }
        return Template(parts: parts)
    }

    private static func sequence(_ value: JSONValue) throws(TokenizerError) -> Template.Part {
        let field = try value.required("id")
        let name = try field.string()
        guard let index = (["A", "B"] as [ExactString]).firstIndex(of: ExactString(name)) else {
            throw field.unsupported(name, supported: ["A", "B"])
        }
        return .sequence(index, typeID: try value.required("type_id").count())
    }

    /// The tokens that a special token's name stands for; almost always it is one.
    private static func specials(
        _ value: JSONValue, _ specials: JSONValue, _ id: (String) -> Int?
    ) throws(TokenizerError) -> [Template.Part] {
        let name = try value.required("id")
        guard let entry = try specials.optional(try name.string()) else {
            throw name.unknownToken(try name.string())
        }
        let typeID = try value.required("type_id").count()
        let ids = try entry.required("ids").array()
        let tokens = try entry.required("tokens").array()
        guard ids.count == tokens.count else {
            throw entry.invalid("has \(ids.count) ids and \(tokens.count) tokens")
        }
        var parts: [Template.Part] = []
        for (idField, tokenField) in zip(ids, tokens) {
            let token = try tokenField.string()
            try token.check(try idField.count(), field: idField, tokenField: tokenField, id)
            parts.append(.special(id: try idField.count(), token: token, typeID: typeID))
        }
        return parts
    }
}

extension String {
    /// Checks that the vocabulary has this token, under this id.
    func check(
        _ expected: Int, field: JSONValue, tokenField: JSONValue, _ id: (String) -> Int?
    ) throws(TokenizerError) {
        guard let known = id(self) else { throw tokenField.unknownToken(self) }
        guard known == expected else {
            throw field.invalid("is \(expected) for '\(self)', which is \(known) in the vocabulary")
        }
    }
}
