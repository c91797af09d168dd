import ArgumentParser
import Attention
import AttentionGeneration

/// How long a text becomes, and what ends it.
struct LengthOptions: ParsableArguments {
    @Option(
        name: [.customShort("n"), .long], parsing: .unconditional,
        help: ArgumentHelp("The most tokens that are generated.", valueName: "count"))
    var maxTokens = 256

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The most tokens of prompt and text together; by default what the model was made for.",
            valueName: "count"))
    var context: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A text at which to end, which is not printed; may be given several times.", valueName: "text"))
    var stop: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Ids of the tokens that end the text, in place of those that the model's files name.",
            valueName: "ids"),
        transform: TokenIDs.init)
    var stopTokens: TokenIDs?

    @Flag(help: "Go on behind the tokens that end a text.")
    var ignoreEnd = false

    func validate() throws {
        try Self.check(maxTokens: maxTokens, context: context)
        if stop.contains("") { throw ValidationError("--stop is empty; expected at least one character") }
        if ignoreEnd, stopTokens != nil {
            throw ValidationError("give either --ignore-end or --stop-tokens, not both")
        }
    }

    /// For every command that has these two options.
    static func check(maxTokens: Int, context: Int?) throws {
        if maxTokens < 1 { throw ValidationError("--max-tokens is \(maxTokens); expected 1 or more") }
        if let context, context < 1 { throw ValidationError("--context is \(context); expected 1 or more") }
    }

    var endTokens: Set<Int>? { ignoreEnd ? [] : stopTokens.map { Set($0.ids) } }

    func set(_ options: inout GenerationOptions) throws {
        options.maximumTokens = maxTokens
        options.context = context
        options.stopStrings = stop
        options.stopTokens = endTokens
    }
}

/// Beam search in place of sampling.
struct BeamSearchOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Follow so many texts at once, and print the one that is most probable as a whole.",
            valueName: "count"))
    var beams: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --beams: a text's score is its log-probability over its number of tokens to this power; by default 1.",
            valueName: "power"))
    var lengthPenalty: Float?

    @Option(
        help: ArgumentHelp(
            "With --beams, when to end: full (as many texts have ended as there are beams), unlikely (and the best "
                + "under way would not be among them; the default) or never (and could not, however long it became).",
            valueName: "when"))
    var earlyStopping: When?

    enum When: String, ExpressibleByArgument, CaseIterable {
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

    func options(_ length: LengthOptions, storage: KeyValueStorage) -> BeamOptions {
        let beams = beams ?? 1
        var options = BeamOptions(beams: beams, results: beams, maximumTokens: length.maxTokens)
        if let lengthPenalty { options.lengthPenalty = lengthPenalty }
        if let earlyStopping { options.earlyStopping = earlyStopping.value }
        options.stopTokens = length.endTokens
        options.context = length.context
        options.storage = storage
        return options
    }
}

/// Who guesses tokens ahead.
struct SpeculationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A smaller model with the same tokens that guesses ahead; the text is the same, only sooner there.",
            valueName: "model"), completion: .file(extensions: ["gguf"]))
    var draft: String?

    @Flag(help: "Guess that the text repeats itself; the text is the same, only sooner there where it does.")
    var lookup = false

    var isGiven: Bool { draft != nil || lookup }

    func validate() throws {
        if draft != nil, lookup { throw ValidationError("give either --draft or --lookup, not both") }
    }

    func speculation() throws -> Speculation? {
        if let draft { return .draft(try LanguageModel(path: ModelSource().path(of: draft)).decoder) }
        return lookup ? .lookup : nil
    }
}
