import ArgumentParser
import AttentionGeneration

/// How tokens are chosen, for every command that generates text.
struct SamplingOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What the logits are divided by; 0 takes the most probable token.",
            discussion: """
                Where an option is not given, the model's generation_config.json decides; where that says nothing, \
                the most probable token is taken, unless an option cuts or seeds the choice: then the temperature is 1.
                """, valueName: "number"))
    var temperature: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Keep the so many most probable tokens; 0 keeps all.", valueName: "count"))
    var topK: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep the most probable tokens whose probabilities add up to this.", valueName: "share"))
    var topP: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep the tokens that are at least this many times as probable as the most probable one.",
            valueName: "share"))
    var minP: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep the tokens that are as surprising as is to be expected, until their probabilities add up to this.",
            valueName: "share"))
    var typicalP: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Makes tokens of the prompt and the text less probable: their logits are divided by it, or multiplied where "
                + "they are negative; 1 does nothing.", valueName: "factor"))
    var repetitionPenalty: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Is subtracted from the logits of the tokens that were generated before.", valueName: "number"))
    var presencePenalty: Float = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Is subtracted from a token's logit for each time that it was generated before.",
            valueName: "number"))
    var frequencyPenalty: Float = 0

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A token's id and what is added to its logit, as in 42=-1.5; may be given several times.",
            valueName: "id=number"), transform: LogitBias.init)
    var logitBias: [LogitBias] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Ids of tokens that never come, with commas between them.", valueName: "ids"),
        transform: TokenIDs.init)
    var ban: TokenIDs?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The same seed, model and options give the same text; by default another one each time.",
            valueName: "number"))
    var seed: UInt64?

    func validate() throws {
        if let topK, topK < 0 { throw ValidationError("--top-k is \(topK); expected 0 or more") }
    }

    /// Whether no option asks for anything but the most probable tokens.
    var isGreedy: Bool {
        [temperature ?? 0, presencePenalty, frequencyPenalty, (repetitionPenalty ?? 1) - 1].allSatisfy {
            $0 == 0
        }
            && [topP, minP, typicalP].allSatisfy { $0 == nil } && topK == nil && seed == nil && ban == nil
            && logitBias.isEmpty
    }

    /// The model's own way of choosing, with what the options say in its place.
    func sampling(for model: LanguageModel) throws -> Sampling {
        var sampling = try defaults(of: model)
        let isCut = [topP, minP, typicalP].contains { $0 != nil } || topK != nil || seed != nil
        if sampling.isGreedy, isCut { sampling.temperature = 1 }
        sampling.temperature = temperature ?? sampling.temperature
        if let topK { sampling.topK = topK == 0 ? nil : topK }
        sampling.topP = topP ?? sampling.topP
        sampling.minP = minP ?? sampling.minP
        sampling.typicalP = typicalP ?? sampling.typicalP
        sampling.repetitionPenalty = repetitionPenalty ?? sampling.repetitionPenalty
        sampling.presencePenalty = presencePenalty
        sampling.frequencyPenalty = frequencyPenalty
        for bias in logitBias { sampling.logitBias[bias.token] = bias.value }
        sampling.bannedTokens = Set(ban?.ids ?? [])
        sampling.seed = seed ?? (sampling.isGreedy ? 0 : .random(in: 0..<1 << 32))
        return sampling
    }
}

extension SamplingOptions {
    /// Where the model asks for a way that there is not, whoever gives a temperature has chosen another.
    private func defaults(of model: LanguageModel) throws -> Sampling {
        do {
            return try model.defaultSampling()
        } catch GenerationError.unsupported where temperature != nil {
            return .greedy
        }
    }
}

/// A value of `--logit-bias`.
struct LogitBias {
    let token: Int
    let value: Float

    init(_ text: String) throws {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let token = Int(parts[0]), token >= 0, let value = Float(parts[1]),
            value.isFinite
        else {
            throw ValidationError("'\(text)' is not a token's id and a number, such as 42=-1.5")
        }
        self.token = token
        self.value = value
    }
}
