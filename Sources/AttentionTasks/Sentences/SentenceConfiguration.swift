import AttentionFiles
import AttentionJSON
import AttentionModels

/// All settings in a model's files that decide how a text becomes a vector, apart from the encoder itself. A
/// setting that could change the vector is followed or refused; a setting that is passed over is noted.
struct SentenceConfiguration {
    /// The file of the encoder and its tokenizer.
    let encoder: ModelFile
    private(set) var transformer = TransformerSettings()
    private(set) var prompts = SentencePrompts()
    private(set) var notes: [String] = []
    private let ending: Ending

    /// What makes a vector of an encoder's states.
    private enum Ending {
        /// The modules behind the encoder in a sentence-transformers folder.
        case modules([SentenceModule], ModelFolder)
        /// A folder that says nothing about it.
        case unsaid(ModelFolder)
        /// The pooling in a GGUF file's metadata.
        case metadata(GGUFFile)
    }

    /// A GGUF file has no such settings but for its pooling.
    ///
    /// - Throws: `ModelFileError`, also for a module that is not implemented.
    init(_ file: ModelFile) throws {
        let folder: ModelFolder
        switch file.container {
        case .folder(let found): folder = found
        case .gguf(let gguf):
            (encoder, ending) = (file, .metadata(gguf))
            return
        }
        guard let modules = try folder.sentenceModules() else {
            (encoder, ending) = (file, .unsaid(folder))
            // The library takes a folder without modules for a plain encoder, and reads none of these.
            if TransformerSettings.isIn(folder) || folder.path(ofFile: SentencePrompts.fileName) != nil {
                notes.append(
                    "\(folder.path): settings of sentence-transformers are not followed without "
                        + ModelFolder.sentenceModulesName)
            }
            return
        }
        guard let first = modules.first, ExactString(first.kind) == "Transformer" else {
            throw ModelFileError.invalidField(
                file: "\(folder.path)/\(ModelFolder.sentenceModulesName)", field: "[0].type",
                expected: "Transformer", found: modules.first.map { quoted($0.kind) } ?? "nothing")
        }
        let encoderFolder =
            first.folder.isEmpty ? folder : try ModelFolder(path: "\(folder.path)/\(first.folder)")
        encoder = first.folder.isEmpty ? file : ModelFile(.folder(encoderFolder))
        ending = .modules(modules, folder)
        transformer = try TransformerSettings(encoderFolder, notes: &notes)
        prompts = try SentencePrompts(folder, notes: &notes)
    }

    /// The modules after the encoder.
    ///
    /// - Parameter width: M
    /// - Throws: `ModelFileError`; what reading their weights throws.
    mutating func pipeline(width: Int) throws -> SentencePipeline {
        switch ending {
        case .modules(let modules, let folder):
            var reader = SentenceModuleReader(folder, width: width)
            var pipeline = try reader.pipeline(of: modules)
            if let kept = prompts.truncatedWidth { pipeline.keep(kept) }
            notes += reader.notes
            return pipeline
        case .unsaid(let folder):
            return SentencePipeline(try Self.isOfDecoder(folder) ? .lastToken : .mean, width: width)
        case .metadata(let file):
            let pooling = try Pooling(gguf: file)
            try file.checkEncoderTensors()
            // As llama.cpp's programs do.
            return SentencePipeline(pooling, width: width, normalizes: true)
        }
    }

    /// Whether the checkpoint is that of a language model, whose last token has seen all others.
    private static func isOfDecoder(_ folder: ModelFolder) throws -> Bool {
        let config = try folder.json("config.json")
        guard let name = config["architectures"]?.elements?.first?.stringValue else { return false }
        return ExactString(name).hasSuffix("ForCausalLM") && config["is_causal"]?.boolValue != false
    }
}
