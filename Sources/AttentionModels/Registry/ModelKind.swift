/// What a model is made for.
public enum ModelKind: Hashable, Sendable {
    /// Every token sees every other: vectors of texts.
    case encoder
    /// A token sees those before it: continuations of texts.
    case decoder

    /// The kind in a sentence: "an encoder".
    package var phrase: String {
        switch self {
        case .encoder: "an encoder"
        case .decoder: "a decoder"
        }
    }
}
