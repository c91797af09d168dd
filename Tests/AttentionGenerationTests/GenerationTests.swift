import AttentionGeneration
import AttentionModels
import AttentionTensors
import TestSupport
import Testing

struct GenerationTests {
    private let model: LanguageModel

    init() throws { model = try TinyDecoder.model() }

    /// Step by step, over the cache, with what the logits of the whole sequence say.
    @Test(arguments: ["llama", "gpt2", "mistral", "gemma2"])
    func greedyTokensAreTheMostProbable(_ name: String) throws {
        let model = try TinyDecoder.model(name)
        var tokens = TinyDecoder.prompt
        for _ in 0..<20 {
            let logits = try model.decoder(SequenceBatch([tokens])).selecting(axis: 0, tokens.count - 1)
                .scalars
            tokens.append(logits.firstIndex(of: logits.max()!)!)
        }
        let options = GenerationOptions(maximumTokens: 20)
        #expect(try model.generated(TinyDecoder.prompt, options) == Array(tokens[4...]))
    }

    /// Random numbers belong to positions, so a resumed text continues with the same tokens.
    @Test func aTextIsTakenUpAgain() throws {
        for sampling in Sampling.samples.prefix(3) {
            let whole = try model.generated(
                TinyDecoder.prompt, GenerationOptions(sampling: sampling, maximumTokens: 24))
            let options = GenerationOptions(sampling: sampling, maximumTokens: 14)
            let second = try model.generated(TinyDecoder.prompt + whole[..<10], options)
            #expect(Array(whole[..<10]) + second == whole)
        }
    }

    @Test func logProbabilitiesOfTextAndPrompt() throws {
        var options = GenerationOptions(sampling: Sampling(seed: 8), maximumTokens: 6)
        options.logProbabilities = 3
        options.includesPrompt = true
        var generation = try model.generation(of: TinyDecoder.prompt, options)
        let tokens = try generation.rest()
        let all = TinyDecoder.prompt + tokens.map(\.id)
        let logits = try model.decoder(SequenceBatch([all]))
        let found = generation.request.promptLogProbabilities + tokens.map(\.logProbability)
        #expect(found.count == all.count)
        #expect(found[0] == nil)
        for position in 1..<all.count {
            let expected = try logits.selecting(axis: 0, position - 1).scalars.withUnsafeBufferPointer {
                try TokenLogProbability(of: all[position], in: $0, top: 3)
            }
            let token = try #require(found[position])
            #expect(token.token == all[position])
            #expect(abs(token.logProbability - expected.logProbability) < 1e-4)
            #expect(token.alternatives.map(\.token) == expected.alternatives.map(\.token))
        }
        // Asking changes nothing.
        let plain = GenerationOptions(sampling: Sampling(seed: 8), maximumTokens: 6)
        #expect(try model.generated(TinyDecoder.prompt, plain) == tokens.map(\.id))
    }

    @Test func whyATextEnds() throws {
        var options = GenerationOptions(maximumTokens: 50)
        options.context = 20
        var generation = try model.generation(of: TinyDecoder.prompt, options)
        let tokens = try generation.rest()
        #expect(tokens.count == 16)
        #expect(tokens.last?.finish == .context)
        #expect(tokens.dropLast().allSatisfy { $0.finish == nil })
        let end = tokens[4].id
        options.stopTokens = [end]
        var stopped = try model.generation(of: TinyDecoder.prompt, options)
        let upToEnd = tokens.map(\.id).prefix { $0 != end } + [end]
        #expect(try stopped.rest().map(\.id) == Array(upToEnd))
        #expect(stopped.state.finish == .stopToken(end))
        #expect(try stopped.next() == nil)
        options = GenerationOptions(maximumTokens: 3)
        generation = try model.generation(of: TinyDecoder.prompt, options)
        #expect(try generation.rest().map(\.finish) == [nil, nil, .maximumTokens])
    }

    @Test func refusesOptionsThatCannotWork() throws {
        func expect(
            _ error: GenerationError, _ tokens: [Int] = TinyDecoder.prompt,
            _ change: (inout GenerationOptions) -> Void = { _ in }
        ) {
            var options = GenerationOptions()
            change(&options)
            #expect(throws: error) { try model.generation(of: tokens, options) }
        }
        expect(.emptyPrompt, [])
        expect(.unknownToken(64, vocabulary: 64), [3, 64])
        expect(.unknownToken(-1, vocabulary: 64), [-1])
        expect(.promptTooLong(tokens: 64, context: 64, longest: 64), [Int](repeating: 1, count: 64))
        expect(.promptTooLong(tokens: 4, context: 4, longest: 64)) { $0.context = 4 }
        expect(.unknownToken(99, vocabulary: 64)) { $0.stopTokens = [99] }
        expect(.invalidOption(name: "the number of tokens", expected: "1 or more", found: "0")) {
            $0.maximumTokens = 0
        }
        for context in [0, -1, 65, Int.max] {
            expect(
                .invalidOption(
                    name: "the context", expected: "1 to 64, which the model was made for",
                    found: "\(context)")
            ) { $0.context = context }
        }
        expect(.invalidOption(name: "the number of log-probabilities", expected: "0 to 64", found: "-2")) {
            $0.logProbabilities = -2
        }
        var options = GenerationOptions()
        options.stopStrings = ["a"]
        #expect(throws: GenerationError.self) { try model.generation(of: [1], options) }
    }

    @Test func aConstraintIsFollowed() throws {
        var options = GenerationOptions(sampling: Sampling(temperature: 2, seed: 1), maximumTokens: 30)
        options.constraint = Countdown(length: 7)
        options.stopTokens = []
        var generation = try model.generation(of: TinyDecoder.prompt, options)
        let tokens = try generation.rest().map(\.id)
        #expect(tokens.count == 7)
        #expect(tokens.enumerated().allSatisfy { $1 % 7 == 6 - $0 })
        #expect(generation.state.finish == .complete)
        // Tokens that end texts are no part of what a constraint allows.
        options.stopTokens = [13, 63]
        options.constraint = Countdown(length: 7, mayEndFrom: 4)
        let ended = try model.generated(TinyDecoder.prompt, options)
        #expect((4...7).contains(ended.firstIndex { [13, 63].contains($0) } ?? ended.count))
        options.speculation = .lookup
        #expect(try model.generated(TinyDecoder.prompt, options) == ended)
        options.constraint = Countdown(length: 7, vocabulary: 65)
        #expect(throws: GenerationError.self) { try model.generation(of: TinyDecoder.prompt, options) }
    }

    @Test func anAsyncSequenceGivesTheSame() async throws {
        let options = GenerationOptions(sampling: Sampling(seed: 2), maximumTokens: 12)
        var ids: [Int] = []
        for try await token in model.generate(tokens: TinyDecoder.prompt, options) { ids.append(token.id) }
        #expect(try ids == model.generated(TinyDecoder.prompt, options))
    }

    @Test func aCancelledTaskComputesNothingMore() async throws {
        let model = model
        let task = Task {
            var count = 0
            for try await _ in model.generate(
                tokens: TinyDecoder.prompt, GenerationOptions(maximumTokens: 50))
            {
                count += 1
                if count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
            }
            return count
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

/// Token 7k + 6, then 7k + 5 … down to 7k: a constraint that is easy to check.
struct Countdown: TokenConstraint {
    let length: Int
    var mayEndFrom: Int?
    var vocabulary = 64
    private var count = 0

    init(length: Int, mayEndFrom: Int? = nil, vocabulary: Int = 64) {
        self.length = length
        self.mayEndFrom = mayEndFrom
        self.vocabulary = vocabulary
    }

    func allowedTokens() -> TokenSet {
        guard count < length else { return TokenSet(vocabulary: vocabulary) }
        return TokenSet((0..<vocabulary).filter { $0 % 7 == 6 - count % 7 }, vocabulary: vocabulary)
    }

    mutating func accept(_ token: Int) throws {
        struct NotAllowed: Error {}
        guard allowedTokens().contains(token) else { throw NotAllowed() }
        count += 1
    }

    var isComplete: Bool { count >= mayEndFrom ?? length }
}
