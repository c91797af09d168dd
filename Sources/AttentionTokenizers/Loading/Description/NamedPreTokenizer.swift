import AttentionJSON

/// A pre-tokeniser by llama.cpp's name for it (`tokenizer.ggml.pre`).
package struct NamedPreTokenizer: PreTokenizer {
    package static let type = "Named"

    /// The patterns and rules of the name.
    let named: NamedPatterns
    private let patterns: [WordPattern]

    package init(_ name: String, file: String) throws(TokenizerError) {
        let exact = ExactString(name)
        guard
            let named = NamedPatterns.all.first(where: { $0.names.contains { ExactString($0) == exact } })
        else {
            throw .unsupported(
                file: file, field: "pre", found: name, supported: Self.names)
        }
        self.named = named
        do throws(PatternError) {
            patterns = try named.patterns.map { source throws(PatternError) in
                try WordPattern(source: source)
            }
        } catch {
            preconditionFailure("the pattern of '\(name)' is not a usable one: \(error)")
        }
    }

    package init(reading value: JSONValue) throws(TokenizerError) {
        throw value.unsupported(Self.type, supported: [PatternSplit.type])
    }

    /// All names.
    package static var names: [String] { NamedPatterns.all.flatMap(\.names) }

    /// Cuts a text, and leaves what stands in it.
    package func cut(_ text: inout PreTokenizedText) throws(TokenizerError) {
        for pattern in patterns { try text.split(by: pattern, .isolated) }
    }

    package func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
        try cut(&text)
        if named.writesBytes { text.writeBytes() }
    }
}
