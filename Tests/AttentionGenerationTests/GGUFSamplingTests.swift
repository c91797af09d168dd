import AttentionFiles
import AttentionGeneration
import TestSupport
import Testing

struct GGUFSamplingTests {
    private func sampling(_ values: [(String, GGUFBytes.Value)]) throws -> Sampling {
        let metadata = values.map { ("general.sampling." + $0.0, $0.1) }
        return try Sampling(gguf: GGUFFile(content: GGUFBytes(metadata).bytes, label: "model.gguf"))
    }

    @Test func settingsOfTheConverter() throws {
        let sampling = try sampling([
            ("temp", .float32(0.6)), ("top_k", .int32(20)), ("top_p", .float32(0.95)),
            ("min_p", .float32(0.05)), ("penalty_repeat", .float32(1.1)), ("penalty_last_n", .int32(64)),
            ("sequence", .string("top_k;top_p")), ("mirostat", .int32(0)), ("xtc_probability", .float32(0)),
        ])
        var expected = Sampling(temperature: 0.6, topK: 20, topP: 0.95, minP: 0.05)
        expected.repetitionPenalty = 1.1
        #expect(sampling == expected)
    }

    @Test func missingSettingsStayAtTheirDefaults() throws {
        #expect(try sampling([]) == .greedy)
        #expect(try sampling([("top_p", .float32(0.9))]) == Sampling(temperature: 1, topP: 0.9))
        #expect(try sampling([("top_k", .int32(0)), ("temp", .float32(2))]) == Sampling(temperature: 2))
        #expect(try sampling([("top_k", .int32(-1))]) == Sampling(temperature: 1))
        #expect(try sampling([("temp", .float32(0)), ("top_k", .int32(5))]).isGreedy)
    }

    @Test func filesWithoutSettings() throws {
        for values in [
            ("mirostat", GGUFBytes.Value.int32(2)), ("xtc_probability", .float32(0.5)),
            ("xtc_probability", .float32(.nan)),
        ] {
            let error = #expect(throws: GenerationError.self) { try sampling([values]) }
            #expect("\(error!)".contains(values.0) && "\(error!)".contains("model.gguf"))
        }
        #expect(throws: GGUFError.self) { try sampling([("temp", .string("hot"))]) }
        #expect(throws: GGUFError.self) { try sampling([("top_k", .float32(3.5))]) }
        // Numbers that make no sense are for the sampler to refuse, which names them.
        #expect(throws: GenerationError.self) {
            try Sampler(sampling([("temp", .float32(-1))]), vocabulary: 10)
        }
    }
}
