import ArgumentParser
import AttentionGeneration
import AttentionModels

/// The choice of tokens, for every command that generates text.
struct SamplingOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The number that divides the logits; 0 takes the most probable token.",
            discussion: """
                Where an option is not given, the model's generation_config.json decides. Where that says \
                nothing, the temperature is 1 if --top-k, --top-p, --min-p, --typical-p or --seed is given, \
                and else 0.
                """, valueName: "number"), transform: finiteNumber)
    var temperature: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Choose among this many most probable tokens; 0 or -1: among all.", valueName: "count"))
    var topK: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Choose among the fewest most probable tokens whose probabilities add up to at least this.",
            valueName: "share"), transform: finiteNumber)
    var topP: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Choose among the tokens with at least this share of the probability of the most probable one.",
            valueName: "share"), transform: finiteNumber)
    var minP: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Choose among the tokens whose surprise −log p is closest to the expected one, until their "
                + "probabilities add up to this (arXiv:2202.00666).",
            valueName: "share"), transform: finiteNumber)
    var typicalP: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Choose among the tokens with at least this probability.", valueName: "probability"),
        transform: finiteNumber)
    var epsilonCutoff: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Choose among the tokens with at least this probability, or a lower one where many tokens are "
                + "likely (eta sampling, arXiv:2210.15191).",
            valueName: "probability"), transform: finiteNumber)
    var etaCutoff: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Never repeat a run of this many tokens of prompt and text; 0 allows repeats.",
            valueName: "count"))
    var noRepeatNgram: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Divide the logits of tokens in the prompt and the text by this number, or multiply them by it "
                + "where they "
                + "are negative; 1 changes nothing.", valueName: "factor"), transform: finiteNumber)
    var repetitionPenalty: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Subtract this number from the logit of each token that was generated before.",
            valueName: "number"), transform: finiteNumber)
    var presencePenalty: Float = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Subtract this number from a token's logit for each time that it was generated before.",
            valueName: "number"), transform: finiteNumber)
    var frequencyPenalty: Float = 0

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A token's id and a number to add to its logit, as in 42=-1.5. Repeatable.",
            valueName: "id=number"), transform: LogitBias.init)
    var logitBias: [LogitBias] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The ids of tokens that are never generated, with commas between them.", valueName: "ids"),
        transform: TokenIDs.init)
    var ban: TokenIDs?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The ids of tokens that never follow each other in this order, with commas between them. Repeatable.",
            valueName: "ids"), transform: TokenIDs.init)
    var banSequence: [TokenIDs] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The ids of tokens that never begin the text, with commas between them.", valueName: "ids"),
        transform: TokenIDs.init)
    var banFirst: TokenIDs?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The seed of the random numbers: the same seed, model and options give the same text. By "
                + "default it is different each time.",
            valueName: "number"))
    var seed: UInt64?

    func validate() throws {
        if let topK, topK < -1 {
            throw ValidationError("--top-k is \(topK); expected 1 or more, or 0 or -1 for all")
        }
        if let noRepeatNgram, noRepeatNgram < 0 {
            throw ValidationError("--no-repeat-ngram is \(noRepeatNgram); expected 0 or more")
        }
        for sequence in banSequence where sequence.ids.isEmpty {
            throw ValidationError("--ban-sequence is empty; expected at least one id")
        }
    }

    /// Whether an option draws tokens, or cuts those that may be drawn.
    var draws: Bool {
        (temperature ?? 0) != 0 || cuts.contains { $0 != nil } || topK != nil || seed != nil
    }

    private var cuts: [Float?] { [topP, minP, typicalP, epsilonCutoff, etaCutoff] }

    /// The model's own settings, with those of the options in their place. Settings of the model that are not
    /// followed are noted on standard error.
    func settings(for model: LanguageModel) throws -> GenerationDefaults {
        try checkTokens(vocabulary: model.decoder.configuration.vocabulary)
        var settings = try defaults(of: model)
        for note in settings.notes { Messages.note(note) }
        settings.sampling = sampling(over: settings.sampling)
        if let banFirst { settings.rules.bannedFirstTokens = Set(banFirst.ids) }
        return settings
    }

    /// - Throws: ``Failure`` for an option that names a token which the model does not have.
    private func checkTokens(vocabulary: Int) throws {
        try ban?.check(vocabulary: vocabulary, "--ban")
        try banFirst?.check(vocabulary: vocabulary, "--ban-first")
        for sequence in banSequence { try sequence.check(vocabulary: vocabulary, "--ban-sequence") }
        try TokenIDs(logitBias.map(\.token)).check(vocabulary: vocabulary, "--logit-bias")
    }

    private func sampling(over defaults: Sampling) -> Sampling {
        var sampling = defaults
        if sampling.isGreedy, draws { sampling.temperature = 1 }
        sampling.temperature = temperature ?? sampling.temperature
        if let topK { sampling.topK = topK > 0 ? topK : nil }
        sampling.topP = topP ?? sampling.topP
        sampling.minP = minP ?? sampling.minP
        sampling.typicalP = typicalP ?? sampling.typicalP
        sampling.epsilonCutoff = epsilonCutoff ?? sampling.epsilonCutoff
        sampling.etaCutoff = etaCutoff ?? sampling.etaCutoff
        if let noRepeatNgram { sampling.noRepeatNGram = noRepeatNgram > 0 ? noRepeatNgram : nil }
        sampling.repetitionPenalty = repetitionPenalty ?? sampling.repetitionPenalty
        sampling.presencePenalty = presencePenalty
        sampling.frequencyPenalty = frequencyPenalty
        for bias in logitBias { sampling.logitBias[bias.token] = bias.value }
        sampling.bannedTokens.formUnion(ban?.ids ?? [])
        for sequence in banSequence { sampling.bannedSequences.insert(sequence.ids) }
        sampling.seed = seed ?? (sampling.isGreedy ? 0 : .random(in: 0..<1 << 32))
        return sampling
    }
}

extension SamplingOptions {
    /// The model's own settings. A temperature on the command line replaces a way of choosing that is not
    /// implemented.
    private func defaults(of model: LanguageModel) throws -> GenerationDefaults {
        do {
            return try model.generationDefaults()
        } catch GenerationError.unsupported where temperature != nil {
            return GenerationDefaults()
        }
    }
}

/// A value of `--logit-bias`.
struct LogitBias {
    let token: Int
    let value: Float

    init(_ text: String) throws {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let token = Int(parts[0]), token >= 0, Float(parts[1]) != nil else {
            throw ValidationError("expected a token's id and a number, such as 42=-1.5")
        }
        value = try finiteNumber(String(parts[1]))
        self.token = token
    }
}
