import AttentionJSON

/// The first stage: rewrites text into the form that the vocabulary was counted on.
///
/// A new normaliser is one file beside this one and its line in ``Normalizers/all``.
package protocol TextNormalizer: Sendable {
    /// Its `type` in tokenizer.json.
    static var type: String { get }

    init(reading value: JSONValue) throws(TokenizerError)

    /// - Throws: ``TokenizerError/patternTooCostly(pattern:steps:)``.
    func normalize(_ text: inout AlignedText) throws(TokenizerError)
}

package enum Normalizers {
    static let all: [any TextNormalizer.Type] = [
        BertNormalizer.self, Lowercase.self, StripAccents.self,
        NFC.self, NFD.self, NFKC.self, NFKD.self, Nmt.self, Precompiled.self, Prepend.self, Replace.self,
        Strip.self, ByteLevelNormalizer.self, NormalizerSequence.self,
    ]

    package static func read(_ value: JSONValue) throws(TokenizerError) -> any TextNormalizer {
        try value.stage(among: all) { $0.type }.init(reading: value)
    }
}

extension JSONValue {
    /// The stage that the member `type` names.
    func stage<Stage>(
        among stages: [Stage], type: (Stage) -> String
    ) throws(TokenizerError) -> Stage {
        let field = try required("type")
        let name = try field.string()
        guard let stage = stages.first(where: { ExactString(type($0)) == ExactString(name) }) else {
            throw field.unsupported(name, supported: stages.map(type))
        }
        return stage
    }
}
