import AttentionJSON

/// The values of a GGUF file's metadata by their keys. Keys are told apart by their Unicode scalars, as the
/// format's bytes are, not by what they look like.
public struct GGUFMetadata: Hashable, Sendable {
    private var values: [ExactString: GGUFValue] = [:]

    /// No metadata.
    public init() {}

    /// The value of a key; nil where the file does not have it.
    public internal(set) subscript(key: String) -> GGUFValue? {
        get { values[ExactString(key)] }
        set { values[ExactString(key)] = newValue }
    }

    /// The number of keys.
    public var count: Int { values.count }
}
