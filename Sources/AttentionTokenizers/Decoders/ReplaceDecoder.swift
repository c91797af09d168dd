import AttentionJSON

/// Replaces a text by another in every token.
struct ReplaceDecoder: StatelessDecoder {
    static let type = "Replace"

    private let pattern: String
    private let content: String

    init(pattern: String, content: String) {
        self.pattern = pattern
        self.content = content
    }

    init(reading value: JSONValue) throws(TokenizerError) {
        let field = try value.required("pattern")
        guard let pattern = try field.optional("String") else {
            throw field.unsupported("Regex", supported: ["String"])
        }
        self.pattern = try pattern.string()
        content = try value.required("content").string()
    }

    func decode(_ token: String) -> String {
        guard !pattern.isEmpty else { return token }
        return String(
            decoding: Array(token.utf8).replacing(Array(pattern.utf8), by: Array(content.utf8)), as: UTF8.self
        )
    }
}
