import AttentionJSON

/// Puts a text before every text that is not empty.
struct Prepend: TextNormalizer {
    static let type = "Prepend"

    private let prefix: [Unicode.Scalar]

    init(_ prefix: Unicode.Scalar) { self.prefix = [prefix] }

    init(reading value: JSONValue) throws(TokenizerError) {
        prefix = Array(try value.required("prepend").string().unicodeScalars)
    }

    func normalize(_ text: inout AlignedText) {
        guard let first = text.first else { return }
        text.insert(contentsOf: prefix.map { first.with($0) }, at: 0)
    }
}
