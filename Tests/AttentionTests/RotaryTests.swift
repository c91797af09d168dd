import Attention
import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

@Suite struct RotaryTests {
    struct Attributes: Decodable, Sendable {
        let base, magnitude: Double
        let width: Int
        let interleaved: Bool
        let positions: [Int]
        let scaling: Scaling
        let float32Errors: [Double]

        /// Rotary parameters as transformers calls them.
        struct Scaling: Decodable, Sendable {
            let ropeType: String
            let factor, lowFreqFactor, highFreqFactor, betaFast, betaSlow, attentionFactor: Double?
            let originalMaxPositionEmbeddings: Int?
            let truncate: Bool?

            private enum CodingKeys: String, CodingKey {
                case factor, truncate
                case ropeType = "rope_type"
                case lowFreqFactor = "low_freq_factor"
                case highFreqFactor = "high_freq_factor"
                case betaFast = "beta_fast"
                case betaSlow = "beta_slow"
                case attentionFactor = "attention_factor"
                case originalMaxPositionEmbeddings = "original_max_position_embeddings"
            }
        }

        func embedding() throws -> RotaryEmbedding {
            let scaling: RotaryEmbedding.Scaling
            switch self.scaling.ropeType {
            case "linear": scaling = .linear(factor: try #require(self.scaling.factor))
            case "llama3":
                scaling = .llama3(
                    factor: try #require(self.scaling.factor),
                    lowFrequencyFactor: try #require(self.scaling.lowFreqFactor),
                    highFrequencyFactor: try #require(self.scaling.highFreqFactor),
                    originalPositions: try #require(self.scaling.originalMaxPositionEmbeddings))
            case "yarn":
                scaling = .yarn(
                    factor: try #require(self.scaling.factor),
                    originalPositions: try #require(self.scaling.originalMaxPositionEmbeddings),
                    fastTurns: self.scaling.betaFast ?? 32, slowTurns: self.scaling.betaSlow ?? 1,
                    magnitude: self.scaling.attentionFactor, roundsRamp: self.scaling.truncate ?? true)
            default: scaling = .none
            }
            return try RotaryEmbedding(
                width: width, base: base, pairing: interleaved ? .interleaved : .halves, scaling: scaling)
        }
    }

    static func cases() throws -> [FixtureCase<Attributes>] {
        let file = try SafetensorsFile(path: Locations.fixture("AttentionTests", "rotary.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases()
    }

    @Test(arguments: try cases()) func frequencies(_ test: FixtureCase<Attributes>) throws {
        let rope = try test.attributes.embedding()
        for (found, expected) in zip(rope.frequencies, try test.tensors.tensor("frequencies").scalars) {
            #expect(abs(found / Double(expected) - 1) < 3e-7)  // computed in float32 there
        }
        #expect(abs(rope.magnitude - test.attributes.magnitude) < 1e-12)
    }

    @Test(arguments: try cases(), InstructionSet.available)
    func agreesWithPyTorch(_ test: FixtureCase<Attributes>, _ instructionSet: InstructionSet) throws {
        let angles = try test.attributes.embedding().angles(positions: test.attributes.positions)
        let expected = try test.tensors.doubles("output_f64")
        let expectedGradient = try test.tensors.doubles("input_gradient_f64")
        try InstructionSet.$forced.withValue(instructionSet) {
            let x = try test.tensors.tensor("input").watched()
            let y = try angles.turned(x)
            let gradient = try gradients(of: y, seed: test.tensors.tensor("gradient"), at: [x])[0]
            // Their frequencies are rounded to float32, which moves the angle of position 255 by up to this:
            let angle = 255 * 0x1p-23 * test.attributes.magnitude
            for (found, expected, error) in [
                (y, expected, test.attributes.float32Errors[0]),
                (gradient, expectedGradient, test.attributes.float32Errors[1]),
            ] {
                let largest = expected.reduce(0) { max($0, abs($1)) }
                #expect(
                    largestError(found, expected) <= tolerance(float32Error: error, of: expected) + largest
                        * angle)
            }
        }
    }

    /// The first position does not turn, and a dot product depends on the distance of two positions only.
    @Test(arguments: [RotaryEmbedding.Pairing.halves, .interleaved], [2, 10, 24])
    func distancesCount(_ pairing: RotaryEmbedding.Pairing, _ width: Int) throws {
        var random = SeededGenerator(seed: 1)
        let (q, k) = (random.tensor([1, 1, 1, 24]), random.tensor([1, 1, 1, 24]))
        let rope = try RotaryEmbedding(width: width, pairing: pairing)
        #expect(areBitwiseEqual(try rope.angles(positions: [0]).turned(q), q))
        func product(_ a: Int, _ b: Int) throws -> Double {
            let (q, k) = (
                try rope.angles(positions: [a]).turned(q).scalars,
                try rope.angles(positions: [b]).turned(k).scalars
            )
            return zip(q, k).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        for distance in [0, 1, 23] {
            let expected = try product(distance, 0)
            for start in [5, 777, 100_000] {
                #expect(abs(try product(start + distance, start) - expected) < 1e-5)
            }
        }
        // What does not turn is the same to the bit.
        let rest = try rope.angles(positions: [9]).turned(q).sliced(axis: 3, width..<24)
        #expect(areBitwiseEqual(rest, q.sliced(axis: 3, width..<24)))
    }

    /// Heads as views of a linear layer's rows, transposed widths, several batch elements; in place and not.
    @Test(arguments: InstructionSet.available, 1...3)
    func anyStrides(_ instructionSet: InstructionSet, _ threads: Int) throws {
        var random = SeededGenerator(seed: 2)
        let rows = random.tensor([5, 199, 3 * 24])
        let rope = try RotaryEmbedding(width: 16, pairing: .interleaved)
        try InstructionSet.$forced.withValue(instructionSet) {
            try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                let heads = try rows.splitIntoHeads(3)
                let shared = rope.angles(positions: 7..<206)
                let expected = try shared.turned(heads.contiguous())
                #expect(areBitwiseEqual(try shared.turned(heads), expected))
                // In place: the only reference to the memory is the variable itself.
                var own = try rows.replacing(with: 0) { _ in false }.splitIntoHeads(3)
                let address = own.withElementPointer { UInt(bitPattern: $0) }
                try shared.turn(&own)
                #expect(areBitwiseEqual(own, expected))
                #expect(own.withElementPointer { UInt(bitPattern: $0) } == address)
                #expect(own.strides == heads.strides)
                // Positions of each batch element, and one alone.
                let each = rope.angles(
                    positions: (0..<5).flatMap { batch in (0..<199).map { $0 + 100 * batch } })
                let found = try each.turned(heads)
                for batch in 0..<5 {
                    let part = heads.sliced(axis: 0, batch..<batch + 1)
                    let alone = try rope.angles(positions: 100 * batch..<100 * batch + 199).turned(part)
                    #expect(areBitwiseEqual(alone, found.sliced(axis: 0, batch..<batch + 1)))
                }
                let wide = random.tensor([1, 3, 24, 199]).transposed(2, 3)
                #expect(areBitwiseEqual(try shared.turned(wide), try shared.turned(wide.contiguous())))
            }
        }
    }

    @Test func divisorsAreFrequencies() throws {
        let plain = try RotaryEmbedding(width: 6)
        let scaled = try RotaryEmbedding(width: 6, scaling: .divisors([1, 2, 8], magnitude: 1.25))
        #expect(scaled.frequencies == zip(plain.frequencies, [1, 2, 8]).map { $0 / $1 })
        #expect(abs(scaled.angles(positions: [0]).cosines.scalars[2] - 1.25) < 1e-7)
    }

    @Test func refusesWhatItCannotMean() throws {
        for width in [0, -2, 7] {
            #expect(throws: TensorError.self) { try RotaryEmbedding(width: width) }
        }
        for base in [0, -1, .infinity, .nan] {
            #expect(throws: TensorError.self) { try RotaryEmbedding(width: 8, base: base) }
        }
        let scalings: [RotaryEmbedding.Scaling] = [
            .linear(factor: 0), .linear(factor: .nan), .divisors([1]), .divisors([1, 1, 1, 0]),
            .llama3(factor: 8, lowFrequencyFactor: 4, highFrequencyFactor: 4, originalPositions: 64),
            .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 0),
            .yarn(factor: -1, originalPositions: 64), .yarn(factor: 4, originalPositions: 64, fastTurns: 0.5),
        ]
        for scaling in scalings {
            #expect(throws: TensorError.self) { try RotaryEmbedding(width: 8, scaling: scaling) }
        }
        let angles = try RotaryEmbedding(width: 8).angles(positions: 0..<3)
        for shape: Shape in [[1, 1, 3, 6], [1, 1, 2, 8], [3, 8], [2, 1, 2, 8]] {
            #expect(throws: TensorError.self) { try angles.turned(.zeros(shape)) }
        }
        #expect(try angles.turned(.zeros([2, 0, 3, 8])).shape == [2, 0, 3, 8])
        #expect(throws: TensorError.self) {
            try RotaryAngles(cosines: .zeros([2, 3]), sines: .zeros([3, 2]), pairing: .halves)
        }
    }
}
