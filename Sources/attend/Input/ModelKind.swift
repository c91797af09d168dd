import AttentionFiles
import AttentionGeneration
import AttentionJSON
import AttentionModels

extension ModelKind {
    /// The kind and the architecture's name that the model's own files give; nil where they give none that is
    /// implemented.
    private static func declared(at path: String) -> (kind: ModelKind, architecture: String)? {
        if GGUFFile.isOne(at: path) {
            guard let file = try? GGUFFile(path: path),
                let name = try? file.string("general.architecture")
            else { return nil }
            return (EncoderTransformer.isEncoder(ggufName: name) ? .encoder : .decoder, name)
        }
        struct Fields: Decodable {
            let modelType: String

            private enum CodingKeys: String, CodingKey {
                case modelType = "model_type"
            }
        }
        guard let name = try? ModelFolder(path: path).decode(Fields.self).modelType else { return nil }
        return ModelRegistry.family(modelType: name).map { ($0.kind, name) }
    }

    /// Loads the model at `path`, which has to be of this kind.
    ///
    /// - Parameter command: The command, where what it does is not what such models are mostly for.
    /// - Throws: ``Failure`` that names the commands for a model of the other kind; what `load` throws.
    func load<Model>(_ path: String, for command: String? = nil, _ load: (String) throws -> Model) throws
        -> Model
    {
        do {
            return try load(path)
        } catch {
            try check(path, for: command)
            throw error
        }
    }

    private func check(_ path: String, for command: String?) throws {
        guard let (kind, architecture) = Self.declared(at: path), kind != self else { return }
        if let command {
            throw Failure(
                .badData,
                "\(path) is \(kind == .encoder ? "an encoder" : "a language model") (\(architecture)); expected "
                    + "\(self == .encoder ? "an encoder" : "a language model") for \(command)")
        }
        let use =
            switch kind {
            case .encoder:
                "an encoder (\(architecture)): it turns texts into vectors, and cannot continue them. The commands "
                    + "for encoders are attend embed, rank, look and tokenize"
            case .decoder:
                "a language model (\(architecture)): it continues texts, and cannot turn them into vectors. The "
                    + "commands for language models are attend generate, chat, prompt, logits, perplexity, "
                    + "look, tokenize and quantize"
            }
        throw Failure(.badData, "\(path) is \(use)")
    }
}
