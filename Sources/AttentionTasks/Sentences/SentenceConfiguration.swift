import AttentionFiles
import AttentionJSON
import AttentionModels

/// All settings of a model folder that decide how a text becomes a vector, apart from the encoder itself. A
/// setting that could change the vector is followed or refused; a setting that is passed over is noted.
struct SentenceConfiguration {
    /// The folder of the encoder and its tokenizer.
    let encoderFolder: ModelFolder
    private(set) var transformer = TransformerSettings()
    private(set) var prompts = SentencePrompts()
    private(set) var notes: [String] = []
    private let folder: ModelFolder
    private let modules: [SentenceModule]?

    /// - Throws: `ModelFileError`, also for a module that is not implemented.
    init(_ folder: ModelFolder) throws {
        self.folder = folder
        modules = try folder.sentenceModules()
        guard let modules else {
            encoderFolder = folder
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
        encoderFolder =
            first.folder.isEmpty ? folder : try ModelFolder(path: "\(folder.path)/\(first.folder)")
        transformer = try TransformerSettings(encoderFolder, notes: &notes)
        prompts = try SentencePrompts(folder, notes: &notes)
    }

    /// The modules after the encoder.
    ///
    /// - Parameter width: M
    /// - Throws: `ModelFileError`; what reading their weights throws.
    mutating func pipeline(width: Int) throws -> SentencePipeline {
        guard let modules else {
            return SentencePipeline(try Self.isOfDecoder(folder) ? .lastToken : .mean, width: width)
        }
        var reader = SentenceModuleReader(folder, width: width)
        var pipeline = try reader.pipeline(of: modules)
        if let kept = prompts.truncatedWidth { pipeline.keep(kept) }
        notes += reader.notes
        return pipeline
    }

    /// Whether the checkpoint is that of a language model, whose last token has seen all others.
    private static func isOfDecoder(_ folder: ModelFolder) throws -> Bool {
        let config = try folder.json("config.json")
        guard let name = config["architectures"]?.elements?.first?.stringValue else { return false }
        return ExactString(name).hasSuffix("ForCausalLM") && config["is_causal"]?.boolValue != false
    }
}
