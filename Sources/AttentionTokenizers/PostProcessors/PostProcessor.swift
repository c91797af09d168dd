import AttentionJSON

/// The fourth stage: puts the tokens of one or two texts together, with the special tokens that the model
/// expects around them.
///
/// A new post-processor is one file beside this one and its line in ``PostProcessors/all``.
protocol PostProcessor: Sendable {
    /// Its `type` in tokenizer.json.
    static var type: String { get }

    /// - Parameter id: the id of a token, nil for one that the vocabulary does not have.
    init(reading value: JSONValue, id: (String) -> Int?) throws(TokenizerError)

    /// The templates of one text and of two; nil where nothing is added.
    var templates: (single: Template, pair: Template)? { get }

    /// The trimming of tokens' places in the text; nil for none.
    var trimming: OffsetTrimming? { get }
}

extension PostProcessor {
    var trimming: OffsetTrimming? { nil }
}

enum PostProcessors {
    static let all: [any PostProcessor.Type] = [
        TemplateProcessing.self, BertProcessing.self, RobertaProcessing.self, ByteLevelProcessing.self,
        PostProcessorSequence.self,
    ]

    static func read(
        _ value: JSONValue, id: (String) -> Int?
    ) throws(TokenizerError) -> any PostProcessor {
        try value.stage(among: all) { $0.type }.init(reading: value, id: id)
    }
}

/// The order in which texts and special tokens follow each other.
struct Template: Sendable {
    enum Part: Sendable {
        /// All tokens of the text (0) or of the second text (1).
        case sequence(Int, typeID: Int)
        case special(id: Int, token: String, typeID: Int)
    }

    let parts: [Part]

    /// The texts without anything around them.
    static let plainSingle = Template(parts: [.sequence(0, typeID: 0)])
    static let plainPair = Template(parts: [.sequence(0, typeID: 0), .sequence(1, typeID: 1)])

    /// The number of tokens that it adds.
    var specialCount: Int {
        parts.count { if case .special = $0 { true } else { false } }
    }

    /// - Parameter sequences: the tokens of the text, and of the second text if there is one.
    func apply(to sequences: [ArraySlice<SequenceToken>], addingSpecialTokens: Bool) -> Encoding {
        var encoding = Encoding(capacity: sequences.reduce(specialCount) { $0 + $1.count })
        for part in parts {
            switch part {
            case .sequence(let index, let typeID) where sequences.indices.contains(index):
                for token in sequences[index] { encoding.append(token, sequence: index, typeID: typeID) }
            case .special(let id, let token, let typeID) where addingSpecialTokens:
                encoding.append(special: id, token, typeID: typeID)
            default: break
            }
        }
        return encoding
    }
}
