import AttentionJSON

/// Cuts at punctuation.
package struct Punctuation: PreTokenizer {
    package static let type = "Punctuation"

    /// What becomes of the punctuation.
    private enum Behavior: String, CaseIterable {
        /// Every character is a word by itself.
        case isolated = "Isolated"
        /// It belongs to no word.
        case removed = "Removed"
        /// Neighbouring characters are one word.
        case contiguous = "Contiguous"
    }

    private let behavior: Behavior

    package init(reading value: JSONValue) throws(TokenizerError) {
        guard let field = try value.optional("behavior") else {
            behavior = .isolated
            return
        }
        let name = try field.string()
        guard let behavior = Behavior(rawValue: name) else {
            throw field.unsupported(name, supported: Behavior.allCases.map(\.rawValue))
        }
        self.behavior = behavior
    }

    package func preTokenize(_ text: inout PreTokenizedText) {
        text.cut { scalar in
            guard scalar.has(.punctuation) else { return .inside(group: 0) }
            return switch behavior {
            case .isolated: .alone
            case .removed: .outside
            case .contiguous: .inside(group: 1)
            }
        }
    }
}
