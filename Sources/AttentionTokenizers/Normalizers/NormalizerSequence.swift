import AttentionJSON

/// Several normalisers, one after the other.
package struct NormalizerSequence: TextNormalizer {
    package static let type = "Sequence"

    let normalizers: [any TextNormalizer]

    init(_ normalizers: [any TextNormalizer]) { self.normalizers = normalizers }

    package init(reading value: JSONValue) throws(TokenizerError) {
        var normalizers: [any TextNormalizer] = []
        for element in try value.required("normalizers").array() {
            normalizers.append(try Normalizers.read(element))
        }
        self.normalizers = normalizers
    }

    package func normalize(_ text: inout AlignedText) throws(TokenizerError) {
        for normalizer in normalizers { try normalizer.normalize(&text) }
    }
}
