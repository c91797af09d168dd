import AttentionFiles
import AttentionJSON

extension EncoderTransformer {
    /// Whether `path` leads to a GGUF file whose metadata name an encoder.
    package static func isGGUF(at path: String) -> Bool {
        guard let file = try? GGUFFile(path: path), let name = try? file.string("general.architecture") else {
            return false
        }
        return isEncoder(ggufName: name)
    }

    /// Whether a value of `general.architecture` names an encoder, implemented or not.
    package static func isEncoder(ggufName name: String) -> Bool {
        ModelRegistry.family(ggufName: name)?.kind == .encoder
            || otherNamesInGGUF.contains { ExactString($0) == ExactString(name) }
    }

    /// Encoders that are not implemented.
    private static let otherNamesInGGUF = ["nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "neo-bert"]
}
