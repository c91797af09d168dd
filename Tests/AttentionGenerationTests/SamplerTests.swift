import AttentionGeneration
import AttentionTensors
import Foundation
import TestSupport
import Testing

struct SamplerTests {
    /// transformers' own processors keep the same tokens and leave them the same probabilities.
    @Test func agreesWithTheReference() throws {
        let reference = try SamplingReference()
        #expect(reference.cases.count == 16)
        for test in reference.cases {
            let sampler = try test.sampler(prompt: reference.prompt, generated: reference.generated)
            let found = try test.logits.withUnsafeBufferPointer { try sampler.probabilities(at: 0, from: $0) }
            #expect(found.keys.sorted() == test.kept, "\(test.name)")
            for (token, probability) in zip(test.kept, test.probabilities) {
                #expect(abs(found[token, default: 0] - probability) < 2e-6, "\(test.name): token \(token)")
            }
        }
    }

    /// The frequencies of drawn tokens match the reported probabilities.
    @Test func drawsAsOftenAsItSays() throws {
        var sampling = Sampling(temperature: 1.3, topK: 9, topP: 0.95)
        sampling.seed = 11
        let logits = Self.logits(700, seed: 3)
        let sampler = try Sampler(sampling, vocabulary: 700)
        let draws = 5_000
        try logits.withUnsafeBufferPointer { logits in
            var counts: [Int: Int] = [:]
            for position in 0..<draws {
                counts[try sampler.token(at: position, from: logits), default: 0] += 1
            }
            let probabilities = try sampler.probabilities(at: 0, from: logits)
            #expect(Set(counts.keys).isSubset(of: probabilities.keys))
            for (token, probability) in probabilities {
                let expected = Float(draws) * probability
                #expect(abs(Float(counts[token, default: 0]) - expected) < 5 * expected.squareRoot() + 5)
            }
        }
    }

    /// All instruction sets choose the stored tokens, so that a later version chooses the same.
    @Test func aSeedMeansTheSameEverywhere() throws {
        let logits = Self.logits(1003, seed: 5)
        let expected = ["plain": Self.drawnPlain, "cut": Self.drawnCut]
        for instructionSet in InstructionSet.available {
            try InstructionSet.$forced.withValue(instructionSet) {
                let samplings = [
                    "plain": Sampling(seed: 7),
                    "cut": Sampling(temperature: 0.7, topP: 0.9, typicalP: 0.8, seed: 7),
                ]
                for (name, sampling) in samplings {
                    let sampler = try Sampler(sampling, vocabulary: 1003)
                    let drawn = try logits.withUnsafeBufferPointer { logits in
                        try (0..<6).map { try sampler.token(at: $0, from: logits) }
                    }
                    #expect(drawn == expected[name], "\(name) on \(instructionSet)")
                }
            }
        }
    }

    /// The selection, which sorts nothing, against sorting: flat and peaked distributions over a large
    /// vocabulary.
    @Test(arguments: [0.3, 1, 3] as [Float])
    func selectsFromManyTokens(_ spread: Float) throws {
        let logits = Self.logits(40_000, seed: 12).map { $0 * spread }
        let ranked = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
        func kept(_ sampling: Sampling) throws -> Set<Int> {
            let sampler = try Sampler(sampling, vocabulary: logits.count)
            return try Set(logits.withUnsafeBufferPointer { try sampler.probabilities(at: 0, from: $0).keys })
        }
        for count in [1, 37, 900, 20_000] {
            #expect(try kept(Sampling(topK: count)) == Set(ranked.prefix(count)))
        }
        let weights = logits.map { exp(Double($0)) }
        let total = weights.reduce(0, +)
        func first(_ order: [Int], _ share: Double) -> Set<Int> {
            var sum = 0.0
            return Set(
                order.prefix { token in
                    defer { sum += weights[token] }
                    return sum < share * total
                })
        }
        for share in [0.05, 0.6, 0.98] {
            let expected = first(ranked, share)
            // Sums in float32 may decide otherwise about the last one or few.
            let found = try kept(Sampling(topP: Float(share)))
            #expect(found.symmetricDifference(expected).count <= 1 + expected.count / 2000, "top-p \(share)")
        }
        let entropy = log(total) - zip(weights, logits).reduce(0) { $0 + $1.0 * Double($1.1) } / total
        let typical = logits.indices.sorted {
            abs(log(total) - Double(logits[$0]) - entropy) < abs(log(total) - Double(logits[$1]) - entropy)
        }
        let expected = first(typical, 0.7)
        let found = try kept(Sampling(typicalP: 0.7))
        #expect(found.symmetricDifference(expected).count <= 2 + expected.count / 2000)
    }

    @Test func equalsAreDecidedByTheLowestID() throws {
        var logits = [Float](repeating: 0, count: 200)
        logits[130] = 2
        logits[131] = 2
        logits[70] = -0.0
        try logits.withUnsafeBufferPointer { logits in
            #expect(try Sampler(.greedy, vocabulary: 200).token(at: 3, from: logits) == 130)
            let alternatives = try TokenLogProbability(of: 7, in: logits, top: 5).alternatives
            #expect(alternatives.map(\.token) == [130, 131, 0, 1, 2])
            let three = try Sampler(Sampling(topK: 3), vocabulary: 200).probabilities(at: 0, from: logits)
            #expect(three.keys.sorted() == [0, 130, 131])
            let many = try Sampler(Sampling(topK: 80), vocabulary: 200).probabilities(at: 0, from: logits)
            #expect(many.keys.sorted() == [Int](0..<78) + [130, 131])
        }
    }

    /// The bound lies among equals, of which those of the lowest ids are kept: nothing tells them apart but
    /// their places.
    @Test func equalsWithinAShare() throws {
        var logits = [Float](repeating: -3, count: 1000)
        logits[700] = 2
        func kept(_ sampling: Sampling) throws -> [Int] {
            let sampler = try Sampler(sampling, vocabulary: logits.count)
            return try logits.withUnsafeBufferPointer {
                try sampler.probabilities(at: 0, from: $0).keys.sorted()
            }
        }
        let weight = exp(-5.0)
        let total = 1 + 999 * weight
        let most = Int(((0.5 * total - 1) / weight).rounded(.up))
        #expect(try kept(Sampling(topP: 0.5)) == (0..<most) + [700])
        // One is surer than the entropy says, the others are less sure and closer to it.
        #expect(try kept(Sampling(typicalP: 0.5)) == Array(0..<Int((0.5 * total / weight).rounded(.up))))
        logits[700] = -3
        #expect(try kept(Sampling(topP: 0.25)) == Array(0..<250))
        #expect(try kept(Sampling(typicalP: 0.25)) == Array(0..<250))
        #expect(try kept(Sampling(topP: 0)) == [0])
        #expect(try kept(Sampling(minP: 1)).count == 1000)
    }

    /// All kinds of cuts, one after the other, on distributions from flat to peaked: all instruction sets
    /// agree.
    @Test func cutsAreTheSameEverywhere() throws {
        let base = Self.logits(5003, seed: 21)
        let samplings = [
            Sampling(topP: 0.9), Sampling(topK: 300, topP: 0.7, typicalP: 0.6),
            Sampling(topP: 0.99, minP: 0.001, typicalP: 0.9), Sampling(typicalP: 0.3),
        ]
        for spread in [0.01, 1, 4] as [Float] {
            let logits = base.map { $0 * spread }
            for sampling in samplings {
                let found = try InstructionSet.available.map { instructionSet in
                    try InstructionSet.$forced.withValue(instructionSet) {
                        let sampler = try Sampler(sampling, vocabulary: logits.count)
                        return try logits.withUnsafeBufferPointer {
                            try sampler.probabilities(at: 0, from: $0)
                        }
                    }
                }
                #expect(found.allSatisfy { $0 == found[0] }, "\(sampling), spread \(spread)")
            }
        }
    }

    @Test func onlyWhatIsAllowedComes() throws {
        let logits = Self.logits(200, seed: 9)
        let allowed = TokenSet([5, 64, 199], vocabulary: 200)
        var sampling = Sampling(topK: 40)
        sampling.bannedTokens = [64]
        let sampler = try Sampler(sampling, vocabulary: 200)
        try logits.withUnsafeBufferPointer { logits in
            let found = try sampler.probabilities(at: 0, from: logits, allowed: allowed)
            #expect(found.keys.sorted() == [5, 199])
            #expect(throws: GenerationError.nothingAllowed(position: 4)) {
                try sampler.token(at: 4, from: logits, allowed: TokenSet([64], vocabulary: 200))
            }
        }
    }

    @Test func numbersThatAreNoneAreSaid() throws {
        for number in [Float.nan, .infinity] {
            var logits = Self.logits(100, seed: 1)
            logits[99] = number
            for sampling in [Sampling.greedy, Sampling(topP: 0.9)] {
                let sampler = try Sampler(sampling, vocabulary: 100)
                #expect(throws: GenerationError.notFinite(position: 2)) {
                    try logits.withUnsafeBufferPointer { try sampler.token(at: 2, from: $0) }
                }
            }
        }
    }

    @Test func extremeTemperatures() throws {
        let logits: [Float] = [1, 3, -.infinity, 2.5]
        try logits.withUnsafeBufferPointer { logits in
            let cold = try Sampler(Sampling(temperature: 1e-30), vocabulary: 4)
            #expect(try cold.probabilities(at: 0, from: logits) == [1: 1])
            let coldest = try Sampler(Sampling(temperature: .leastNonzeroMagnitude), vocabulary: 4)
            #expect(try coldest.token(at: 0, from: logits) == 1)
            let hot = try Sampler(Sampling(temperature: 1e30), vocabulary: 4).probabilities(
                at: 0, from: logits)
            #expect(hot.keys.sorted() == [0, 1, 3])
        }
    }

    @Test(arguments: [
        Sampling(temperature: -1), Sampling(temperature: .nan), Sampling(temperature: .infinity),
        Sampling(topK: 0), Sampling(topK: -4), Sampling(topP: 1.5), Sampling(topP: .nan),
        Sampling(minP: -0.1),
        Sampling(typicalP: 2),
    ])
    func optionsThatMakeNoSense(_ sampling: Sampling) {
        #expect(throws: GenerationError.self) { try Sampler(sampling, vocabulary: 10) }
    }

    @Test func tokensThatThereAreNot() {
        var sampling = Sampling()
        sampling.bannedTokens = [10]
        #expect(throws: GenerationError.unknownToken(10, vocabulary: 10)) {
            try Sampler(sampling, vocabulary: 10)
        }
        sampling = Sampling()
        sampling.logitBias = [-1: 2]
        #expect(throws: GenerationError.unknownToken(-1, vocabulary: 10)) {
            try Sampler(sampling, vocabulary: 10)
        }
    }

    @Test func logProbabilitiesAreTheModels() throws {
        let logits = Self.logits(300, seed: 2)
        let total = log(logits.reduce(0.0) { $0 + exp(Double($1)) })
        let found = try logits.withUnsafeBufferPointer { try TokenLogProbability(of: 7, in: $0, top: 4) }
        #expect(abs(Double(found.logProbability) - (Double(logits[7]) - total)) < 1e-5)
        let ranked = logits.indices.sorted { logits[$0] > logits[$1] }.prefix(4)
        #expect(found.alternatives.map(\.token) == Array(ranked))
        for alternative in found.alternatives {
            #expect(
                abs(Double(alternative.logProbability) - (Double(logits[alternative.token]) - total)) < 1e-5)
        }
    }

    private static func logits(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float.random(in: -6...6, using: &generator) }
    }

    private static let drawnPlain = [699, 474, 988, 490, 579, 140]
    private static let drawnCut = [699, 474, 988, 476, 579, 157]
}

/// The results of transformers for stored logits (Scripts/fixtures/sampling.py).
struct SamplingReference: Decodable {
    let prompt: [Int]
    let generated: [Int]
    let cases: [Case]

    struct Case: Decodable {
        let name: String
        let options: Options
        let logits: [Float]
        let kept: [Int]
        let probabilities: [Float]

        func sampler(prompt: [Int], generated: [Int]) throws -> Sampler {
            var sampling = Sampling(
                temperature: options.temperature ?? 1, topK: options.topK, topP: options.topP,
                minP: options.minP, typicalP: options.typicalP)
            sampling.repetitionPenalty = options.repetitionPenalty ?? 1
            sampling.presencePenalty = options.presencePenalty ?? 0
            sampling.frequencyPenalty = options.frequencyPenalty ?? 0
            for (token, bias) in options.logitBias ?? [:] { sampling.logitBias[Int(token)!] = bias }
            sampling.bannedTokens = Set(options.bannedTokens ?? [])
            var sampler = try Sampler(sampling, vocabulary: logits.count, prompt: prompt)
            for token in generated { sampler.accept(token) }
            return sampler
        }
    }

    struct Options: Decodable {
        let temperature, topP, minP, typicalP: Float?
        let topK: Int?
        let repetitionPenalty, presencePenalty, frequencyPenalty: Float?
        let logitBias: [String: Float]?
        let bannedTokens: [Int]?
    }

    init() throws {
        let url = Locations.fixture("AttentionGenerationTests", "sampling.json")
        self = try JSONDecoder().decode(SamplingReference.self, from: Data(contentsOf: url))
    }
}
