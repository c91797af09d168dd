import AttentionGeneration
import Foundation
import TestSupport
import Testing

struct BeamSearchTests {
    /// The texts and scores of transformers (Scripts/fixtures/beams.py).
    @Test func agreesWithTheReference() throws {
        let url = Locations.fixture("AttentionGenerationTests", "beams.json")
        let reference = try JSONDecoder().decode(Reference.self, from: Data(contentsOf: url))
        let model = try TinyDecoder.model()
        #expect(reference.cases.count == 8)
        for test in reference.cases {
            let found = try model.beamSearch(reference.prompt, test.options)
            #expect(found.map(\.tokens) == test.texts.map(\.tokens), "\(test.options)")
            for (beam, expected) in zip(found, test.texts) where expected.score != nil {
                #expect(abs(beam.score - expected.score!) < 1e-4 * max(1, abs(expected.score!)))
            }
        }
    }

    /// A search with a constraint finds only what it allows, and the best of it where there are few ways.
    @Test func aConstraintIsFollowed() throws {
        var options = BeamOptions(beams: 12, results: 3, maximumTokens: 20)
        options.constraint = Countdown(length: 2, mayEndFrom: 2)
        options.stopTokens = [63]
        let beams = try TinyDecoder.model().beamSearch(TinyDecoder.prompt, options)
        #expect(beams.count == 3)
        for beam in beams {
            #expect(beam.tokens.count == 3)
            #expect(beam.tokens[0] % 7 == 6 && beam.tokens[1] % 7 == 5 && beam.tokens[2] == 63)
        }
        #expect(beams.map(\.score) == beams.map(\.score).sorted(by: >))
    }

    @Test func optionsThatMakeNoSense() throws {
        let model = try TinyDecoder.model()
        for (beams, results) in [(0, 1), (-1, 1), (2, 3), (2, 0), (1 << 40, 1)] {
            #expect(throws: GenerationError.self) {
                try model.beamSearch([1], BeamOptions(beams: beams, results: results))
            }
        }
        #expect(throws: GenerationError.emptyPrompt) { try model.beamSearch([], BeamOptions(beams: 2)) }
        var options = BeamOptions(beams: 2)
        options.lengthPenalty = .nan
        #expect(throws: GenerationError.self) { try model.beamSearch([1], options) }
    }

    private struct Reference: Decodable {
        let prompt: [Int]
        let cases: [Case]

        struct Case: Decodable {
            let beams, results, count: Int
            let lengthPenalty: Float
            let earlyStopping: String
            let ends: Set<Int>
            let texts: [Text]

            var options: BeamOptions {
                var options = BeamOptions(beams: beams, results: results, maximumTokens: count)
                options.lengthPenalty = lengthPenalty
                options.earlyStopping = .init(rawValue: earlyStopping)!
                options.stopTokens = ends
                return options
            }
        }

        struct Text: Decodable {
            let tokens: [Int]
            let score: Float?
        }
    }
}
