import AttentionFiles
import AttentionJSON

/// The fields of `generation_config.json` that are followed. Their meaning is that of transformers'
/// `GenerationConfig`.
struct GenerationConfig: Decodable {
    let doSample: Bool?
    let temperature: Float?
    let topK: Int?
    let topP: Float?
    let minP: Float?
    let typicalP: Float?
    let epsilonCutoff: Float?
    let etaCutoff: Float?
    let repetitionPenalty: Float?
    let noRepeatNGramSize: Int?
    let badWordsIDs: [[Int]]?
    let sequenceBias: [BiasedSequence]?
    let suppressTokens: [Int]?
    let beginSuppressTokens: [Int]?
    let maxNewTokens: Int?
    let maxLength: Int?
    let minNewTokens: Int?
    let minLength: Int?
    let forcedBOSTokenID: Int?
    let forcedEOSTokenID: OneOrMore<Int>?
    let exponentialDecayLengthPenalty: EndGrowth?
    let stopStrings: OneOrMore<String>?
    let lengthPenalty: Float?
    let earlyStopping: EarlyStopping?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case doSample = "do_sample"
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case minP = "min_p"
        case typicalP = "typical_p"
        case epsilonCutoff = "epsilon_cutoff"
        case etaCutoff = "eta_cutoff"
        case repetitionPenalty = "repetition_penalty"
        case noRepeatNGramSize = "no_repeat_ngram_size"
        case badWordsIDs = "bad_words_ids"
        case sequenceBias = "sequence_bias"
        case suppressTokens = "suppress_tokens"
        case beginSuppressTokens = "begin_suppress_tokens"
        case maxNewTokens = "max_new_tokens"
        case maxLength = "max_length"
        case minNewTokens = "min_new_tokens"
        case minLength = "min_length"
        case forcedBOSTokenID = "forced_bos_token_id"
        case forcedEOSTokenID = "forced_eos_token_id"
        case exponentialDecayLengthPenalty = "exponential_decay_length_penalty"
        case stopStrings = "stop_strings"
        case lengthPenalty = "length_penalty"
        case earlyStopping = "early_stopping"
    }

    /// `[[token, …], bias]`
    struct BiasedSequence: Decodable {
        let tokens: [Int]
        let bias: Float

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            (tokens, bias) = (try values.decode([Int].self), try values.decode(Float.self))
        }
    }

    /// `[start, factor]`
    struct EndGrowth: Decodable {
        let value: PositionRules.EndGrowth

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            value = .init(start: try values.decode(Int.self), factor: try values.decode(Float.self))
        }
    }

    /// true, false or `"never"`
    struct EarlyStopping: Decodable {
        let value: BeamOptions.EarlyStopping

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let isEarly = try? container.decode(Bool.self) {
                value = isEarly ? .whenFull : .whenUnlikely
            } else if try container.decode(ExactString.self) == "never" {
                value = .never
            } else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "true, false or \"never\"")
            }
        }
    }
}

/// A value, or a list of values.
struct OneOrMore<Value: Decodable>: Decodable {
    let values: [Value]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let one = try? container.decode(Value.self) {
            values = [one]
        } else {
            values = try container.decode([Value].self)
        }
    }
}

extension GenerationDefaults {
    /// The number of most probable tokens that are kept where a file samples and names none, as in
    /// transformers.
    private static let standardTopK = 50

    /// The settings of a file's content.
    ///
    /// - Parameter vocabulary: V
    /// - Throws: `DecodingError` for a field of another type.
    package init(_ json: JSONValue, vocabulary: Int) throws {
        self.init(
            try JSONValueDecoder.decode(GenerationConfig.self, from: json), json, vocabulary: vocabulary)
    }

    /// - Parameters:
    ///   - config: The fields that are followed.
    ///   - json: The whole file, for the notes.
    ///   - vocabulary: V
    init(_ config: GenerationConfig, _ json: JSONValue, vocabulary: Int) {
        self.init()
        sampling = Self.sampling(config, vocabulary)
        func known(_ tokens: [Int]?) -> Set<Int> {
            Set(tokens ?? []).filter { (0..<vocabulary).contains($0) }
        }
        rules.minimumTokens = max(config.minNewTokens ?? 0, 0)
        rules.minimumLength = max(config.minLength ?? 0, 0)
        rules.bannedFirstTokens = known(config.beginSuppressTokens)
        rules.forcedFirstToken = config.forcedBOSTokenID
        rules.forcedLastTokens = Set(config.forcedEOSTokenID?.values ?? [])
        rules.endGrowth = config.exponentialDecayLengthPenalty?.value
        (maximumTokens, maximumLength) = (config.maxNewTokens, config.maxLength)
        stopStrings = config.stopStrings?.values.filter { !$0.isEmpty } ?? []
        (lengthPenalty, earlyStopping) = (config.lengthPenalty, config.earlyStopping?.value)
        notes = GenerationConfigNotes.notes(json)
    }

    /// Without `do_sample`, the most probable token is taken whatever is said of cuts. Tokens that the model
    /// does not have never come, so that their bans are left out.
    private static func sampling(_ config: GenerationConfig, _ vocabulary: Int) -> Sampling {
        var sampling = Sampling.greedy
        if config.doSample == true {
            sampling.temperature = config.temperature ?? 1
            // 0 and less stand for all.
            let topK = config.topK ?? standardTopK
            sampling.topK = topK > 0 ? topK : nil
            (sampling.topP, sampling.minP, sampling.typicalP) = (config.topP, config.minP, config.typicalP)
            // 1 cuts nothing there.
            sampling.epsilonCutoff = config.epsilonCutoff.flatMap { $0 == 1 ? nil : $0 }
            sampling.etaCutoff = config.etaCutoff.flatMap { $0 == 1 ? nil : $0 }
        }
        sampling.repetitionPenalty = config.repetitionPenalty ?? 1
        if let size = config.noRepeatNGramSize, size > 0 { sampling.noRepeatNGram = size }
        func isKnown(_ tokens: [Int]) -> Bool {
            !tokens.isEmpty && tokens.allSatisfy { (0..<vocabulary).contains($0) }
        }
        sampling.bannedSequences = Set((config.badWordsIDs ?? []).filter(isKnown))
        sampling.bannedTokens = Set((config.suppressTokens ?? []).filter { isKnown([$0]) })
        for sequence in config.sequenceBias ?? [] where isKnown(sequence.tokens) {
            if sequence.tokens.count == 1 {
                sampling.logitBias[sequence.tokens[0]] = sequence.bias
            } else {
                sampling.sequenceBias[sequence.tokens] = sequence.bias
            }
        }
        return sampling
    }
}

/// The settings of `generation_config.json` that are not followed.
enum GenerationConfigNotes {
    /// A sentence for each setting that could change a text and is not followed.
    static func notes(_ json: JSONValue) -> [String] {
        guard let members = json.members else { return [] }
        let followed = Set(GenerationConfig.CodingKeys.allCases.map { ExactString($0.rawValue) })
        return members.compactMap { name, value in
            if value.isNull || followed.contains(name) || harmless.contains(name) { return nil }
            if let neutral = neutral[name], neutral.contains(ExactString(value.literal)) { return nil }
            let reason = reasons[name] ?? "it is not known here"
            return "\(json.document.name): \(excerpt(name.string)) is not followed: \(reason)"
        }
    }

    /// Fields that change no token.
    private static let harmless: Set<ExactString> = [
        "bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "transformers_version",
        "_from_model_config", "use_cache", "cache_implementation", "cache_config", "max_cache_len",
        "output_attentions", "output_hidden_states", "output_scores", "output_logits",
        "return_dict_in_generate", "compile_config", "disable_compile", "continuous_batching_config",
        "prefill_chunk_size", "low_memory", "is_assistant", "num_assistant_tokens",
        "num_assistant_tokens_schedule", "assistant_confidence_threshold", "prompt_lookup_num_tokens",
        "max_matching_ngram_size", "assistant_early_exit", "assistant_lookbehind", "target_lookbehind",
        "assistant_ensemble_weight", "speculation_type", "use_mtp", "renormalize_logits", "trust_remote_code",
        "chat_format", "_name_or_path",
    ]

    /// Values, as they are written, with which a field changes nothing.
    private static let neutral: [ExactString: Set<ExactString>] = [
        "num_beams": ["1"], "num_return_sequences": ["1"], "num_beam_groups": ["1"],
        "diversity_penalty": ["0", "0.0"], "encoder_repetition_penalty": ["1", "1.0"],
        "encoder_no_repeat_ngram_size": ["0"], "guidance_scale": ["1", "1.0"],
        "remove_invalid_values": ["false"],
        "penalty_alpha": ["0", "0.0"], "token_healing": ["false"], "force_words_ids": ["[]"],
        "constraints": ["[]"], "forced_decoder_ids": ["[]"],
    ]

    private static let reasons: [ExactString: String] = [
        "num_beams": "beams are followed only where they are asked for",
        "num_return_sequences": "one text is generated",
        "num_beam_groups": "there are no groups of beams",
        "diversity_penalty": "there are no groups of beams",
        "encoder_repetition_penalty": "there is no separate input text",
        "encoder_no_repeat_ngram_size": "there is no separate input text",
        "forced_decoder_ids": "it belongs to models with an encoder",
        "guidance_scale": "there is no second prompt to be guided away from",
        "remove_invalid_values": "numbers that overflow are an error",
        "penalty_alpha": "contrastive search is not implemented",
        "dola_layers": "contrasting layers is not implemented",
        "top_h": "cutting by entropy is not implemented",
        "token_healing": "the prompt's last token is taken as it is",
        "watermarking_config": "watermarks are not implemented",
        "max_time": "there is no limit of time",
        "force_words_ids": "words cannot be forced",
        "constraints": "words cannot be forced",
    ]
}
