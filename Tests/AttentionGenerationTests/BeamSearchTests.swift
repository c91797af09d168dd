import AttentionFiles
import AttentionGeneration
import AttentionTensors
import Foundation
import TestSupport
import Testing

struct BeamSearchTests {
    /// The texts and scores of transformers (Scripts/fixtures/beams.py).
    @Test func agreesWithTheReference() throws {
        let url = Locations.fixture("AttentionGenerationTests", "beams.json")
        let reference = try JSONDecoder().decode(Reference.self, from: Data(contentsOf: url))
        let model = try TinyDecoder.model()
        #expect(reference.cases.count == 12)
        for test in reference.cases {
            let found = try model.beamSearch(reference.prompt, test.options)
            #expect(found.map(\.tokens) == test.texts.map(\.tokens), "\(test.options)")
            for (beam, expected) in zip(found, test.texts) where expected.score != nil {
                #expect(abs(beam.score - expected.score!) < 1e-4 * max(1, abs(expected.score!)))
            }
        }
    }

    /// Of texts that are equally probable, those of the lowest ids come first.
    @Test func equalsAreDecidedByTheLowestIDs() throws {
        let small = try SmallDecoder()
        let path = small.folder.appendingPathComponent("model.safetensors").path
        let weights = try SafetensorsFile(path: path)
        let zeros = try weights.tensorNames.compactMap { name in
            try weights.storedTensor(named: name).map { StoredTensor(name: name, Tensor.zeros($0.shape)) }
        }
        try SafetensorsWriter.write(zeros, metadata: [:], to: path)
        let model = try LanguageModel(path: small.folder.path)
        var options = BeamOptions(beams: 3, results: 3, maximumTokens: 3)
        options.stopTokens = []
        let beams = try model.beamSearch([5], options)
        #expect(beams.map(\.tokens) == [[0, 0, 0], [0, 0, 1], [0, 0, 2]])
        // The first to end stays before others that are as good.
        options.stopTokens = [2]
        options.earlyStopping = .never
        options.lengthPenalty = 0
        #expect(try model.beamSearch([5], options).map(\.tokens).first == [2])
    }

    /// The tokens that end texts grow more probable by the factor's powers, from the first token behind the
    /// start on.
    @Test(arguments: [(Float(1.5), 4), (1.9, 3)])
    func endsGrowMoreProbable(_ factor: Float, length: Int) throws {
        let model = try TinyDecoder.model()
        var options = BeamOptions(beams: 24, results: 24, maximumTokens: length)
        options.lengthPenalty = 0
        options.stopTokens = [7]
        options.rules.endGrowth = .init(start: 1, factor: factor)
        let beams = try model.beamSearch(TinyDecoder.prompt, options)
        for beam in beams {
            var expected = 0.0
            for (place, token) in beam.tokens.enumerated() {
                let logits = try model.logits(after: TinyDecoder.prompt + beam.tokens[..<place])
                let value = Double(logits[token]) - log(logits.reduce(0.0) { $0 + exp(Double($1)) })
                let growth = token == 7 && place > 1 ? pow(Double(factor), Double(place - 1)) - 1 : 0
                expected += value + abs(value) * growth
            }
            #expect(abs(Double(beam.score) - expected) < 1e-4, "\(beam.tokens)")
        }
        #expect(beams.contains { $0.tokens.last == 7 && $0.tokens.count == length })
    }

    /// A search with a constraint finds only allowed texts, and the best of all if there are few.
    @Test func aConstraintIsFollowed() throws {
        var options = BeamOptions(beams: 12, results: 3, maximumTokens: 20)
        options.constraint = Countdown(length: 2, mayEndFrom: 1)
        options.stopTokens = [63]
        let beams = try TinyDecoder.model().beamSearch(TinyDecoder.prompt, options)
        #expect(beams.count == 3)
        for beam in beams {
            #expect(beam.tokens.count == 2)
            #expect(beam.tokens[0] % 7 == 6 && (beam.tokens[1] % 7 == 5 || beam.tokens[1] == 63))
        }
        #expect(beams.map(\.score) == beams.map(\.score).sorted(by: >))
    }

    /// A text that no token can follow has ended, even if the model has no end token.
    @Test func textsWithoutContinuationHaveEnded() throws {
        let model = try TinyDecoder.model()
        var options = BeamOptions(beams: 4, results: 4, maximumTokens: 20)
        options.constraint = Countdown(length: 2)
        options.stopTokens = []
        let beams = try model.beamSearch(TinyDecoder.prompt, options)
        #expect(beams.count == 4)
        for beam in beams { #expect(beam.tokens.map { $0 % 7 } == [6, 5]) }
        #expect(beams.map(\.score) == beams.map(\.score).sorted(by: >))
        // With as many beams as there are ways to begin, the best of all texts is found.
        func logProbabilities(after tokens: [Int]) throws -> [Double] {
            let logits = try model.logits(after: tokens)
            let total = log(logits.reduce(0.0) { $0 + exp(Double($1)) })
            return logits.map { Double($0) - total }
        }
        let firsts = try logProbabilities(after: TinyDecoder.prompt)
        var best = -Double.infinity
        for first in stride(from: 6, to: 64, by: 7) {
            let seconds = try logProbabilities(after: TinyDecoder.prompt + [first])
            for second in stride(from: 5, to: 64, by: 7) {
                best = max(best, (firsts[first] + seconds[second]) / 2)
            }
        }
        options.beams = 10
        let found = try model.beamSearch(TinyDecoder.prompt, options)
        #expect(abs(Double(try #require(found.first).score) - best) < 1e-4)
    }

    /// A token that ends texts does not come before the constraint is complete, though the constraint allows
    /// it.
    @Test func noTextEndsBeforeItsConstraintIsComplete() throws {
        var options = BeamOptions(beams: 12, results: 12, maximumTokens: 20)
        options.constraint = Countdown(length: 2)
        options.stopTokens = [62, 61]  // 62 may come first, and 61 second
        let beams = try TinyDecoder.model().beamSearch(TinyDecoder.prompt, options)
        #expect(beams.count == 12)
        for beam in beams {
            #expect(beam.tokens.count == 2 && beam.tokens[0] != 62 && beam.tokens[1] != 61, "\(beam.tokens)")
        }
    }

    @Test func aConstraintOfAnotherVocabularyIsRefused() throws {
        var options = BeamOptions(beams: 2)
        options.constraint = Countdown(length: 2, vocabulary: 65)
        #expect(throws: GenerationError.self) { try TinyDecoder.model().beamSearch([1], options) }
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
