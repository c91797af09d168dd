import AttentionFiles
import AttentionJSON
import AttentionModels
import AttentionTensors

/// Reads the modules after the encoder from their folders, and sees that each finds what it reads.
struct SentenceModuleReader {
    private let folder: ModelFolder
    private var steps: [SentencePipeline.Step] = []
    /// The width of each feature that a module before has made.
    private var widths: [ExactString: Int]
    private(set) var notes: [String] = []

    /// - Parameter width: M
    init(_ folder: ModelFolder, width: Int) {
        self.folder = folder
        widths = [SentencePipeline.tokens: width]
    }

    /// - Throws: `ModelFileError` for a module that is not implemented or that does not fit those before it;
    ///   what reading its weights throws.
    mutating func pipeline(of modules: [SentenceModule]) throws -> SentencePipeline {
        for (index, module) in modules.enumerated() where index > 0 { try read(module, index) }
        guard let width = widths[SentencePipeline.sentence] else {
            throw ModelFileError.invalidField(
                file: "\(folder.path)/\(ModelFolder.sentenceModulesName)", field: "the whole file",
                expected: "a module that makes \(SentencePipeline.sentence), such as Pooling", found: "none")
        }
        return SentencePipeline(steps: steps, width: width)
    }

    private mutating func read(_ module: SentenceModule, _ index: Int) throws {
        let settings = try SettingsReader(folder, module.name(ofFile: "config.json"))
        switch ExactString(module.kind) {
        case "Pooling": try readPooling(settings)
        case "Dense": try readDense(settings, module)
        case "LayerNorm": try readLayerNorm(settings, module)
        case "Normalize":
            try append(.unitLength, settings) { $0 }
            settings.noteMembers(besides: ["module_input_name", "module_output_name"], in: &notes)
        // Only training drops anything.
        case "Dropout": break
        default:
            throw ModelFileError.invalidField(
                file: "\(folder.path)/\(ModelFolder.sentenceModulesName)", field: "[\(index)].type",
                expected: "Pooling, Dense, LayerNorm, Normalize or Dropout after the Transformer",
                found: quoted(module.kind))
        }
    }

    /// Adds a step that reads and writes the features that its settings name.
    ///
    /// - Parameter output: The width of what it writes, by that of what it reads.
    private mutating func append(
        _ step: SentencePipeline.Module, _ settings: SettingsReader, output: (Int) throws -> Int
    ) throws {
        let input = ExactString(try settings.string("module_input_name") ?? SentencePipeline.sentence.string)
        let result = try settings.string("module_output_name").map { ExactString($0) } ?? input
        guard let width = widths[input] else {
            throw ModelFileError.invalidField(
                file: settings.file, field: "module_input_name",
                expected: "what a module before makes: \(Self.list(widths.keys))",
                found: quoted(input.string))
        }
        // A feature with a row for each token cannot become one with a row for each text, or the reverse.
        let isOfTokens = { (name: ExactString) in name == SentencePipeline.tokens }
        guard isOfTokens(input) == isOfTokens(result) else {
            throw settings.invalid("module_output_name", expected: quoted(input.string))
        }
        steps.append(SentencePipeline.Step(module: step, input: input, output: result))
        widths[result] = try output(width)
    }

    private static func list(_ names: some Sequence<ExactString>) -> String {
        names.sorted().map { excerpt($0.string) }.joined(separator: ", ")
    }

    // MARK: Pooling

    private mutating func readPooling(_ settings: SettingsReader) throws {
        let flags = Self.flags.map { ExactString($0.flag) }
        try settings.refuseMembers(
            besides: Set(
                flags + ["pooling_mode", "include_prompt", "embedding_dimension", "word_embedding_dimension"]
            ))
        let poolings = try Self.poolings(settings)
        let leavesOutPrompt = try settings.bool("include_prompt") == false
        steps.append(
            SentencePipeline.Step(
                module: .pooling(poolings, leavesOutPrompt: leavesOutPrompt), input: SentencePipeline.tokens,
                output: SentencePipeline.sentence))
        widths[SentencePipeline.sentence] = (widths[SentencePipeline.tokens] ?? 0) * poolings.count
    }

    /// The flags of older files, in the order in which several poolings stand side by side, and the names
    /// that newer ones have for them.
    private static let flags: [(flag: String, mode: ExactString, pooling: Pooling)] = [
        ("pooling_mode_cls_token", "cls", .firstToken), ("pooling_mode_max_tokens", "max", .max),
        ("pooling_mode_mean_tokens", "mean", .mean),
        ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", .meanSquareRootLength),
        ("pooling_mode_weightedmean_tokens", "weightedmean", .weightedMean),
        ("pooling_mode_lasttoken", "lasttoken", .lastToken),
    ]

    /// `pooling_mode`, a name or a list of names; without it the flags that are true, or else the mean.
    private static func poolings(_ settings: SettingsReader) throws -> [Pooling] {
        guard settings.contains("pooling_mode") else {
            let chosen = try flags.filter { try settings.bool($0.flag) == true }
            return chosen.isEmpty ? [.mean] : chosen.map(\.pooling)
        }
        let value = settings.value("pooling_mode")
        let names = value?.elements ?? [value].compactMap(\.self)
        let poolings = names.map { name in
            name.stringValue.flatMap { text in flags.first { $0.mode == ExactString(text) }?.pooling }
        }
        guard !poolings.isEmpty, !poolings.contains(nil) else {
            let modes = flags.map(\.mode.string).joined(separator: ", ")
            throw settings.invalid("pooling_mode", expected: "one or several of \(modes)")
        }
        return poolings.compactMap(\.self)
    }

    // MARK: Modules with weights

    private mutating func readDense(_ settings: SettingsReader, _ module: SentenceModule) throws {
        settings.noteMembers(
            besides: [
                "in_features", "out_features", "bias", "activation_function", "module_input_name",
                "module_output_name", "use_residual",
            ], in: &notes)
        let inputs = try extent("in_features", settings)
        let outputs = try extent("out_features", settings)
        let source = try weights(of: module)
        let residual: SentencePipeline.Dense.Residual =
            if try settings.bool("use_residual") != true {
                .none
            } else if inputs == outputs {
                .input
            } else {
                .projected(
                    try Linear(
                        inputs: inputs, outputs: outputs, hasBias: false, from: source.scoped("residual")))
            }
        let dense = SentencePipeline.Dense(
            linear: try Linear(
                inputs: inputs, outputs: outputs, hasBias: try settings.bool("bias") ?? true,
                from: source.scoped("linear")),
            activation: try activation(settings), residual: residual)
        try append(.dense(dense), settings) { width in
            guard width == inputs else {
                throw settings.invalid("in_features", expected: "\(width), what it reads")
            }
            return outputs
        }
    }

    private mutating func readLayerNorm(_ settings: SettingsReader, _ module: SentenceModule) throws {
        try settings.refuseMembers(besides: ["dimension"])
        let width = try extent("dimension", settings)
        // The epsilon of PyTorch's LayerNorm, which the file does not hold.
        let norm = try LayerNorm(width: width, epsilon: 1e-5, from: weights(of: module).scoped("norm"))
        try append(.layerNorm(norm), settings) { found in
            guard found == width else {
                throw settings.invalid("dimension", expected: "\(found), what it reads")
            }
            return width
        }
    }

    private func extent(_ name: String, _ settings: SettingsReader) throws -> Int {
        guard let extent = try settings.integer(name, in: 1...Int(Int32.max)) else {
            throw settings.invalid(name, expected: "a number")
        }
        return extent
    }

    private func weights(of module: SentenceModule) throws -> any WeightSource {
        try ModelFolder(path: module.folder.isEmpty ? folder.path : "\(folder.path)/\(module.folder)")
            .weights()
    }

    /// The class that `activation_function` names, with the arguments that it has by default; the hyperbolic
    /// tangent where nothing is said.
    private mutating func activation(_ settings: SettingsReader) throws -> SentencePipeline.Dense.Function {
        guard settings.contains("activation_function") else { return .activation(.tanh) }
        let name = ExactString(try settings.string("activation_function") ?? "")
        guard name.hasPrefix("torch.") else {
            // As the library does with code that it does not trust.
            notes.append(
                "\(excerpt(settings.file, limit: 500)): activation_function \(quoted(name.string)) is not "
                    + "PyTorch's; tanh is used instead")
            return .activation(.tanh)
        }
        switch name.split(separator: ".").last {
        case "Identity": return .activation(.identity)
        case "Tanh": return .activation(.tanh)
        case "ReLU": return .activation(.relu)
        case "GELU": return .activation(.gelu)
        case "SiLU": return .activation(.silu)
        case "Sigmoid": return .sigmoid
        default:
            throw settings.invalid(
                "activation_function", expected: "Identity, Tanh, ReLU, GELU, SiLU or Sigmoid of torch.nn")
        }
    }
}
