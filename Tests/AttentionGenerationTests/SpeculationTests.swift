import AttentionGeneration
import AttentionTensors
import TestSupport
import Testing

/// Speculation does not change the tokens.
struct SpeculationTests {
    @Test(arguments: ["llama", "mistral", "gpt2", "gemma2"])
    func theTokensAreTheSame(_ name: String) throws {
        let model = try TinyDecoder.model(name)
        let drafts: [Speculation] = [
            .lookup, .draft(model.decoder), .draft(try TinyDecoder.model("llama-linear").decoder),
        ]
        for sampling in Sampling.samples {
            var options = GenerationOptions(sampling: sampling, maximumTokens: 55)
            options.logProbabilities = 2
            var plain = try model.generation(of: TinyDecoder.prompt, options)
            let expected = try plain.rest()
            for draft in drafts {
                options.speculation = draft
                var generation = try model.generation(of: TinyDecoder.prompt, options)
                #expect(try generation.rest() == expected)
                #expect(generation.request.guesses.made > 0)
            }
        }
    }

    /// A model that is its own draft guesses every token, with any sampling.
    @Test func aModelThatIsItsOwnDraftIsAlwaysRight() throws {
        let model = try TinyDecoder.model()
        for sampling in Sampling.samples {
            var options = GenerationOptions(sampling: sampling, maximumTokens: 41)
            options.speculation = .draft(model.decoder)
            var generation = try model.generation(of: TinyDecoder.prompt, options)
            _ = try generation.rest()
            #expect(generation.request.guesses.right == generation.request.guesses.made)
            #expect(generation.request.guesses.made >= 35)
        }
    }

    @Test func proposesTheEarlierContinuation() {
        func continuation(_ tokens: [Int], _ count: Int = 3) -> [Int] {
            PromptLookup.continuation(of: tokens, count: count)
        }
        #expect(continuation([]) == [])
        #expect(continuation([1]) == [])
        #expect(continuation([1, 2, 3]) == [])
        #expect(continuation([1, 2, 3, 1]) == [2, 3, 1])
        #expect(continuation([1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3]) == [4, 9, 2])
        #expect(continuation([2, 3, 7, 2, 3, 8, 2, 3]) == [8, 2, 3])
        #expect(continuation([4, 4]) == [4])
    }

    @Test func aDraftWithOtherTokens() throws {
        var options = GenerationOptions()
        options.speculation = .draft(try TinyDecoder.model().decoder)
        let other = try TrainedModel.reciter.model()
        #expect(throws: GenerationError.self) { try other.generation(of: [1], options) }
    }
}
