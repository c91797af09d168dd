import AttentionFiles
import AttentionJSON
import AttentionModels

extension ModelKind {
    /// Loads the model at `path`, which has to be of this kind.
    ///
    /// - Parameter command: The command, where what it does is not what such models are mostly for.
    /// - Throws: ``Failure`` that names the commands for a model of the other kind; what `load` throws.
    func load<Model>(
        _ path: String, for command: String? = nil, _ load: (ModelFile) throws -> Model
    ) throws -> Model {
        let file = try ModelFile(path: path)
        do {
            return try load(file)
        } catch {
            try check(file, at: path, for: command)
            throw error
        }
    }

    private func check(_ file: ModelFile, at path: String, for command: String?) throws {
        guard let kind = ModelKind(of: file), kind != self, let architecture = try? file.architecture()
        else { return }
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
