import ArgumentParser
import Attention
import AttentionGeneration
import AttentionModels

/// The length of a generated text, and its ends.
struct LengthOptions: ParsableArguments {
    @Option(
        name: [.customShort("n"), .long], parsing: .unconditional,
        help: ArgumentHelp(
            "The maximum number of tokens to generate; by default that of generation_config.json, or 256.",
            valueName: "count"))
    var maxTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The minimum number of tokens to generate.", valueName: "count"))
    var minTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The maximum number of tokens of prompt and continuation together; by default the model's own.",
            valueName: "count"))
    var context: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "End at this text, which is not printed. Repeatable.", valueName: "text"))
    var stop: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The ids of the end tokens, with commas between them, in place of the model's own.",
            valueName: "ids"),
        transform: TokenIDs.init)
    var stopTokens: TokenIDs?

    @Flag(help: "Continue after end tokens.")
    var ignoreEnd = false

    func validate() throws {
        try Self.check(maxTokens: maxTokens, context: context)
        if let minTokens, minTokens < 0 {
            throw ValidationError("--min-tokens is \(minTokens); expected 0 or more")
        }
        if let minTokens, let maxTokens { try Self.check(minTokens: minTokens, maxTokens: maxTokens) }
        if stop.contains(where: \.isEmpty) {
            throw ValidationError("--stop is empty; expected at least one character")
        }
        if ignoreEnd, stopTokens != nil {
            throw ValidationError("give either --ignore-end or --stop-tokens, not both")
        }
    }

    /// - Parameter maxTokens: The most tokens, from the option or from the model's settings.
    static func check(minTokens: Int?, maxTokens: Int) throws {
        guard let minTokens, minTokens > maxTokens else { return }
        throw ValidationError(
            "--min-tokens is \(minTokens), but --max-tokens is \(maxTokens); expected at most as many")
    }

    /// Checks the two options that several commands have.
    static func check(maxTokens: Int?, context: Int?) throws {
        if let maxTokens, maxTokens < 1 {
            throw ValidationError("--max-tokens is \(maxTokens); expected 1 or more")
        }
        if let context, context < 1 { throw ValidationError("--context is \(context); expected 1 or more") }
    }

    var endTokens: Set<Int>? { ignoreEnd ? [] : stopTokens.map { Set($0.ids) } }

    /// - Parameter vocabulary: The number of the model's tokens.
    func set(_ options: inout GenerationOptions, vocabulary: Int) throws {
        try stopTokens?.check(vocabulary: vocabulary, "--stop-tokens")
        options.maximumTokens = maxTokens ?? options.maximumTokens
        try Self.check(minTokens: minTokens, maxTokens: options.maximumTokens)
        options.rules.minimumTokens = minTokens ?? options.rules.minimumTokens
        options.context = context
        if !stop.isEmpty { options.stopStrings = stop }
        options.stopTokens = endTokens
    }
}

/// Beam search in place of sampling.
struct BeamSearchOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Search with this number of beams, and print the text with the best score.",
            valueName: "count"))
    var beams: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --beams: the exponent of a text's length in its score, log p / length^power; by default 1.",
            valueName: "power"), transform: finiteNumber)
    var lengthPenalty: Float?

    @Option(
        help: ArgumentHelp(
            "With --beams, the end of the search. full: when as many texts are finished as there are beams. "
                + "unlikely (the default): when, besides, no unfinished text has a better score now. never: "
                + "when no unfinished text could reach a better score at any length.",
            valueName: "when"))
    var earlyStopping: When?

    enum When: String, ChoiceArgument {
        case full, unlikely, never

        var value: BeamOptions.EarlyStopping {
            switch self {
            case .full: .whenFull
            case .unlikely: .whenUnlikely
            case .never: .never
            }
        }
    }

    func validate() throws {
        if let beams, !(1...1024).contains(beams) {
            throw ValidationError("--beams is \(beams); expected 1 to 1024")
        }
        guard beams == nil else { return }
        if lengthPenalty != nil { throw ValidationError("--length-penalty needs --beams") }
        if earlyStopping != nil { throw ValidationError("--early-stopping needs --beams") }
    }

    func options(
        _ length: LengthOptions, _ defaults: GenerationDefaults, promptCount: Int, storage: KeyValueStorage
    ) throws -> BeamOptions {
        let beams = beams ?? 1
        let request = GenerationOptions(defaults, promptCount: promptCount)
        var options = BeamOptions(
            beams: beams, results: beams, maximumTokens: length.maxTokens ?? request.maximumTokens)
        try LengthOptions.check(minTokens: length.minTokens, maxTokens: options.maximumTokens)
        if let lengthPenalty = lengthPenalty ?? defaults.lengthPenalty {
            options.lengthPenalty = lengthPenalty
        }
        if let when = earlyStopping?.value ?? defaults.earlyStopping { options.earlyStopping = when }
        (options.sampling, options.rules) = (request.sampling, request.rules)
        options.rules.minimumTokens = length.minTokens ?? options.rules.minimumTokens
        options.stopTokens = length.endTokens
        options.context = length.context
        options.storage = storage
        return options
    }
}

/// Speculative decoding.
struct SpeculationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A smaller model with the same vocabulary, which guesses tokens ahead. The text stays the same "
                + "and comes faster.",
            valueName: "model"), completion: .file(extensions: ["gguf"]))
    var draft: String?

    @Flag(
        help: """
            Guess tokens ahead from earlier passages of the text. The text stays the same, and comes faster \
            where it repeats itself.
            """)
    var lookup = false

    var isGiven: Bool { draft != nil || lookup }

    func validate() throws {
        if draft != nil, lookup { throw ValidationError("give either --draft or --lookup, not both") }
    }

    func speculation() throws -> Speculation? {
        if let draft {
            let path = try ModelSource().path(of: draft)
            return .draft(try ModelKind.decoder.load(path) { try LanguageModel($0) }.decoder)
        }
        return lookup ? .lookup : nil
    }
}
