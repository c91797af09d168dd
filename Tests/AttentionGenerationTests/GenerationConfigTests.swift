import AttentionGeneration
import AttentionJSON
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// The settings of `generation_config.json`, against transformers' logits processors.
struct GenerationConfigTests {
    private let reference: JSONValue
    private let vocabulary: Int

    init() throws {
        let file = Locations.fixture("AttentionGenerationTests", "generation_config.json")
        reference = try JSONDocument(Array(Data(contentsOf: file)), name: file.path).root
        vocabulary = try #require(reference["vocabulary"]?.integerValue)
    }

    private static func integers(_ value: JSONValue?) -> [Int] {
        value?.elements?.compactMap(\.integerValue) ?? []
    }

    private static func logits(_ value: JSONValue) -> [Float] { integers(value).map { Float($0) / 16 } }

    private static func defaults(_ text: String, vocabulary: Int = 64) throws -> GenerationDefaults {
        try GenerationDefaults(
            JSONDocument(Array(text.utf8), name: "generation_config.json").root, vocabulary: vocabulary)
    }

    @Test func textsAreThoseOfTheReference() throws {
        let texts = try #require(reference["texts"]?.elements)
        #expect(texts.count == 264)
        for text in texts {
            let config = try #require(text["config"])
            let prompt = Self.integers(text["prompt"])
            var options = GenerationOptions(
                try GenerationDefaults(config, vocabulary: vocabulary), promptCount: prompt.count)
            options.maximumTokens = try #require(text["limit"]?.integerValue)
            var state = try GenerationState(
                prompt: prompt, options: options, vocabulary: vocabulary,
                endTokens: Set(Self.integers(text["end"])), tokenizer: nil, context: 100)
            for row in try #require(text["logits"]?.elements) {
                _ = try Self.logits(row).withUnsafeBufferPointer { try state.next(from: $0) }
            }
            #expect(state.finish != nil)
            #expect(Array(state.generated) == Self.integers(text["tokens"]), "\(config.path) after \(prompt)")
        }
    }

    @Test func cutsAreThoseOfTheReference() throws {
        let cuts = try #require(reference["cuts"]?.elements)
        #expect(cuts.count == 90)
        for cut in cuts {
            let logits = Self.logits(try #require(cut["logits"]))
            let defaults = try GenerationDefaults(try #require(cut["config"]), vocabulary: logits.count)
            let sampler = try Sampler(defaults.sampling, vocabulary: logits.count)
            let found = try logits.withUnsafeBufferPointer { try sampler.probabilities(at: 0, from: $0) }
            let members = try #require(cut["probabilities"]?.members)
            let expected = try Dictionary(
                uniqueKeysWithValues: members.map {
                    (try #require(Int($0.name.string)), try #require($0.value.doubleValue))
                })
            #expect(found.keys.sorted() == expected.keys.sorted(), "\(cut.path)")
            for (token, probability) in expected {
                #expect(abs(Double(found[token] ?? 0) - probability) < 2e-6, "\(cut.path): token \(token)")
            }
        }
    }

    @Test func lengthsAndBeamsAreDefaults() throws {
        let defaults = try Self.defaults(
            """
            {"max_new_tokens": 9, "max_length": 30, "stop_strings": "END", "length_penalty": 0.5, "early_stopping": true}
            """)
        #expect(defaults.maximumTokens(promptCount: 40) == 9)
        #expect(defaults.stopStrings == ["END"] && defaults.notes.isEmpty)
        #expect(defaults.lengthPenalty == 0.5 && defaults.earlyStopping == .whenFull)
        let other = try Self.defaults(
            #"{"max_length": 30, "stop_strings": ["a", "b"], "early_stopping": "never"}"#)
        #expect(other.maximumTokens(promptCount: 12) == 18 && other.maximumTokens(promptCount: 30) == nil)
        #expect(other.stopStrings == ["a", "b"] && other.earlyStopping == .never)
        #expect(GenerationOptions(other, promptCount: 30).maximumTokens == GenerationOptions().maximumTokens)
    }

    @Test(arguments: [("0", nil), ("-1", nil), ("7", 7), ("null", 50)] as [(String, Int?)])
    func topKOfAllAndOfNone(_ text: String, _ topK: Int?) throws {
        #expect(try Self.defaults(#"{"do_sample": true, "top_k": \#(text)}"#).sampling.topK == topK)
    }

    /// Ids outside the vocabulary are ignored, because they are never generated.
    @Test func unknownTokensAreLeftOut() throws {
        let sampling = try Self.defaults(
            #"{"suppress_tokens": [-1, 3, 64], "bad_words_ids": [[3, 64], [5, 6], []]}"#
        ).sampling
        #expect(sampling.bannedTokens == [3] && sampling.bannedSequences == [[5, 6]])
    }

    @Test func settingsThatAreNotFollowedAreNamed() throws {
        let notes = try Self.defaults(
            """
            {"num_beams": 4, "guidance_scale": 1.5, "encoder_repetition_penalty": 1.2, "made_up": [1], "top_h": 0.4,
             "num_return_sequences": 1, "diversity_penalty": 0.0, "watermarking_config": null, "max_time": 3,
             "transformers_version": "5.24.0", "pad_token_id": 0, "eos_token_id": [1, 2], "use_cache": false,
             "encoder_no_repeat_ngram_size": 0, "renormalize_logits": true, "forced_decoder_ids": [[1, 2]]}
            """
        ).notes
        let names = [
            "num_beams", "guidance_scale", "encoder_repetition_penalty", "made_up", "top_h", "max_time",
            "forced_decoder_ids",
        ]
        #expect(notes.count == names.count)
        for (note, name) in zip(notes, names) {
            #expect(note.hasPrefix("generation_config.json: \(name) is not followed: "))
        }
    }

    @Test(arguments: [
        #"{"top_k": "5"}"#, #"{"bad_words_ids": [5]}"#, #"{"early_stopping": "soon"}"#,
        #"{"max_length": 1.5}"#,
        #"{"sequence_bias": [[1, 2]]}"#, #"{"stop_strings": 3}"#,
    ])
    func fieldsOfAnotherTypeAreErrors(_ text: String) {
        #expect(throws: DecodingError.self) { try Self.defaults(text) }
    }

    @Test func valuesThatMakeNoSenseAreErrors() throws {
        for text in [
            #"{"forced_bos_token_id": 64}"#, #"{"forced_eos_token_id": [-1]}"#,
            #"{"exponential_decay_length_penalty": [3, -2.0]}"#,
            #"{"do_sample": true, "epsilon_cutoff": 1.5}"#,
            #"{"repetition_penalty": -1.0}"#,
        ] {
            let options = GenerationOptions(try Self.defaults(text), promptCount: 1)
            #expect(throws: GenerationError.self) {
                try GenerationState(
                    prompt: [1], options: options, vocabulary: 64, endTokens: [], tokenizer: nil, context: 9)
            }
        }
    }

    /// A model's settings in all their parts, for the tests below.
    private static let rich = """
        {"do_sample": true, "temperature": 1.3, "top_k": 0, "epsilon_cutoff": 0.001, "eta_cutoff": 0.01,
         "no_repeat_ngram_size": 3, "bad_words_ids": [[7], [3, 4], [1, 2, 3]], "suppress_tokens": [9, 11],
         "begin_suppress_tokens": [5, 6], "min_new_tokens": 20, "repetition_penalty": 1.1,
         "sequence_bias": [[[8, 12], 2.0]], "forced_eos_token_id": 2, "exponential_decay_length_penalty": [15, 1.05]}
        """

    /// Speculation and the other texts of a batch do not change the tokens.
    @Test(arguments: [UInt64(1), 2, 3]) func guessesAndBatchesDoNotMatter(_ seed: UInt64) async throws {
        let model = try TinyDecoder.model()
        var options = GenerationOptions(try Self.defaults(Self.rich), promptCount: TinyDecoder.prompt.count)
        options.maximumTokens = 50
        options.sampling.seed = seed
        options.stopTokens = [2, 60]
        let expected = try model.generated(TinyDecoder.prompt, options)
        #expect(expected.count >= 20 && Set(expected).isDisjoint(with: [7, 9, 11]))
        for speculation in [Speculation.lookup, .draft(try TinyDecoder.model("llama-linear").decoder)] {
            var guessing = options
            guessing.speculation = speculation
            #expect(try model.generated(TinyDecoder.prompt, guessing) == expected)
        }
        let scheduler = Scheduler(model.decoder)
        let requests = try [TinyDecoder.prompt, [8, 9], TinyDecoder.prompt].map {
            try model.request(for: $0, options)
        }
        async let first = scheduler.text(of: requests[0])
        async let second = scheduler.text(of: requests[1])
        async let third = scheduler.text(of: requests[2])
        #expect(try await first.tokens.map(\.id) == expected)
        #expect(try await third.tokens.map(\.id) == expected)
        _ = try await second
    }

    /// A constraint comes first: an end that is forced or put off comes where the constraint admits it.
    @Test func aConstraintComesFirst() throws {
        struct Alternating: TokenConstraint {
            var count = 0
            func allowedTokens() -> TokenSet {
                let tokens: [Int] = count == 6 ? [] : count % 2 == 0 ? [5, 7] : [3]
                return TokenSet(tokens, vocabulary: 64)
            }
            mutating func accept(_ token: Int) { count += 1 }
            var isComplete: Bool { count >= 4 }
        }
        let model = try TinyDecoder.model()
        var options = GenerationOptions(try Self.defaults(Self.rich), promptCount: 4)
        options.maximumTokens = 5
        options.stopTokens = [2]
        options.constraint = Alternating()
        options.sampling.bannedSequences = []
        options.sampling.noRepeatNGram = nil
        var expected = try model.generated(TinyDecoder.prompt, options)
        #expect(expected.count == 5 && expected[1] == 3 && expected[3] == 3)
        // The end is forced at the last place, and the constraint is complete there.
        #expect(expected[4] == 2)
        options.maximumTokens = 30
        expected = try model.generated(TinyDecoder.prompt, options)
        #expect(expected.count == 6 && !expected.contains(2))
        for speculation in [Speculation.lookup, .draft(model.decoder)] {
            options.speculation = speculation
            #expect(try model.generated(TinyDecoder.prompt, options) == expected)
        }
    }

    @Test func beamsFollowBansAndLengths() throws {
        let model = try TinyDecoder.model()
        var options = BeamOptions(beams: 4, results: 4, maximumTokens: 12)
        options.stopTokens = [2, 60]
        let plain = try model.beamSearch(TinyDecoder.prompt, options)
        var banned = Set(plain.flatMap { $0.tokens.prefix(2) })
        options.sampling.bannedTokens = banned
        options.sampling.noRepeatNGram = 2
        options.rules.minimumTokens = 8
        options.rules.bannedFirstTokens = [1, 3]
        for beam in try model.beamSearch(TinyDecoder.prompt, options) {
            #expect(beam.tokens.count >= 9 && Set(beam.tokens).isDisjoint(with: banned))
            #expect(![1, 3].contains(beam.tokens[0]))
            let all = TinyDecoder.prompt + beam.tokens
            let pairs = zip(all, all.dropFirst()).map { [$0, $1] }
            #expect(Set(pairs).count == pairs.count)
        }
        banned = []
        options = BeamOptions(beams: 4, results: 4, maximumTokens: 12)
        (options.stopTokens, options.sampling.bannedTokens) = ([2, 60], banned)
        #expect(try model.beamSearch(TinyDecoder.prompt, options) == plain)
    }
}
