import AttentionJSON
import Synchronization

/// The families of models that this process knows: those of this package, and those that a program has
/// registered.
public enum ModelRegistry {
    /// The families of this package. A new one is a file in `Families/`, and its line here.
    private static let own: [any ModelFamily.Type] = [
        BERT.self, DistilBERT.self, NomicBERT.self, ModernBERT.self,
        GPT2.self, Llama.self, Mistral.self, Mixtral.self, Qwen2.self, Qwen3.self, Gemma2.self, Gemma3.self,
        Phi3.self,
    ]
    private static let families = Mutex(own)

    /// Lets every part of this package work with a family.
    ///
    /// - Throws: ``ModelConfigurationError/alreadyRegistered(_:)`` if a registered family has one of its
    ///   names; then nothing has changed.
    public static func register(_ family: any ModelFamily.Type) throws(ModelConfigurationError) {
        let taken: String? = families.withLock { families in
            for known in families {
                if let name = family.modelTypes.first(where: { known.modelTypes.contains(exactly: $0) })
                    ?? family.ggufNames.first(where: { known.ggufNames.contains(exactly: $0) })
                {
                    return name
                }
            }
            families.append(family)
            return nil
        }
        if let taken { throw .alreadyRegistered(taken) }
    }

    /// The registered families.
    public static var all: [any ModelFamily.Type] { families.withLock { $0 } }

    /// The values of `model_type` in `config.json` that are implemented.
    public static var modelTypes: [String] { all.flatMap { $0.modelTypes } }

    /// The values of `general.architecture` in GGUF files that are implemented.
    public static var ggufNames: [String] { all.flatMap { $0.ggufNames } }

    /// The family of a `model_type`; nil: none.
    public static func family(modelType name: String) -> (any ModelFamily.Type)? {
        all.first { $0.modelTypes.contains(exactly: name) }
    }

    /// The family of a `general.architecture`; nil: none.
    public static func family(ggufName name: String) -> (any ModelFamily.Type)? {
        all.first { $0.ggufNames.contains(exactly: name) }
    }
}
