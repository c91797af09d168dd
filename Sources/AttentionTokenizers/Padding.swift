import AttentionJSON

/// The rule by which a tokenizer's file fills batches of unequal lengths up.
///
/// Nothing is padded here: a caller that forms batches knows whether its model needs padding.
public struct Padding: Hashable, Sendable {
    /// The target length.
    public enum Length: Hashable, Sendable {
        case longestOfBatch
        case fixed(Int)
    }

    /// To which length sequences are filled up.
    public let length: Length
    /// At which end tokens are added.
    public let side: Truncation.Side
    /// Lengths are rounded up to a multiple of this.
    public let multiple: Int?
    /// The number of the token that is added.
    public let id: Int
    /// The segment of the token that is added.
    public let typeID: Int
    /// The text of the token that is added.
    public let token: String

    init(reading value: JSONValue) throws(TokenizerError) {
        let strategy = try value.required("strategy")
        if strategy.isObject {
            length = .fixed(try strategy.required("Fixed").count())
        } else {
            let name = try strategy.string()
            guard ExactString(name) == "BatchLongest" else {
                throw strategy.unsupported(name, supported: ["BatchLongest", "Fixed"])
            }
            length = .longestOfBatch
        }
        side = try value.required("direction").name(of: Truncation.Side.self)
        multiple = try value.optional("pad_to_multiple_of")?.count()
        id = try value.required("pad_id").count()
        typeID = try value.required("pad_type_id").count()
        token = try value.required("pad_token").string()
    }
}
