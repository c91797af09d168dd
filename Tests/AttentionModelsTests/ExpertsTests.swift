import AttentionModels
import AttentionTensors
import TestSupport
import Testing

/// Experts against the sum that defines them.
@Suite struct ExpertsTests {
    private static let width = 5, inner = 7

    private static func linear(_ outputs: Int, _ inputs: Int, _ generator: inout SeededGenerator) throws
        -> Linear
    {
        try Linear(weight: generator.tensor([outputs, inputs]))
    }

    private func network(_ generator: inout SeededGenerator) throws -> FeedForward {
        FeedForward(
            gate: try Self.linear(Self.inner, Self.width, &generator),
            up: try Self.linear(Self.inner, Self.width, &generator),
            contract: try Self.linear(Self.width, Self.inner, &generator), activation: .silu)
    }

    @Test(arguments: [(1, 1), (4, 1), (4, 2), (4, 4), (9, 3)], [true, false])
    func sums(_ size: (count: Int, perToken: Int), _ normalizes: Bool) throws {
        var generator = SeededGenerator(seed: 7)
        let router = try Self.linear(size.count, Self.width, &generator)
        let networks = try (0..<size.count).map { _ in try network(&generator) }
        let experts = try Experts(
            router: router, networks: networks, perToken: size.perToken, normalizesWeights: normalizes)
        let x = generator.tensor([1, 6, Self.width])
        let y = try experts(x)
        #expect(y.shape == x.shape)
        for row in 0..<6 {
            let one = x.sliced(axis: 1, row..<row + 1).contiguous()
            let scores = try router(one).scalars.map(Double.init)
            let chosen = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }.prefix(size.perToken)
            let all = normalizes ? Array(chosen) : Array(scores.indices)
            let total = all.reduce(0) { $0 + power(scores[$1]) }
            var expected = [Double](repeating: 0, count: Self.width)
            for expert in chosen {
                let output = try networks[expert](one).scalars
                for channel in expected.indices {
                    expected[channel] += power(scores[expert]) / total * Double(output[channel])
                }
            }
            #expect(largestError(y.sliced(axis: 1, row..<row + 1), expected) < 1e-5)
            // A token's bits do not depend on the tokens beside it.
            #expect(areBitwiseEqual(try experts(one), y.sliced(axis: 1, row..<row + 1).contiguous()))
        }
    }

    /// e to the power of x, by its series.
    private func power(_ x: Double) -> Double {
        var (sum, term) = (1.0, 1.0)
        for n in 1...60 {
            term *= x / Double(n)
            sum += term
        }
        return sum
    }

    @Test func whatDoesNotFitIsRefused() throws {
        var generator = SeededGenerator(seed: 1)
        let networks = try (0..<3).map { _ in try network(&generator) }
        let router = try Self.linear(3, Self.width, &generator)
        for perToken in [0, -1, 4, .max] {
            #expect(throws: TensorError.self) {
                try Experts(router: router, networks: networks, perToken: perToken)
            }
        }
        #expect(throws: TensorError.self) {
            try Experts(router: Self.linear(4, Self.width, &generator), networks: networks, perToken: 1)
        }
        #expect(throws: TensorError.self) { try Experts(router: router, networks: [], perToken: 1) }
        let experts = try Experts(router: router, networks: networks, perToken: 2)
        #expect(throws: TensorError.self) { try experts(.zeros([2, Self.width + 1])) }
        #expect(try experts(.zeros([0, Self.width])).shape == [0, Self.width])
    }

    /// Scores that are no numbers: any answer, but no trap.
    @Test func scoresThatAreNoNumbers() throws {
        var generator = SeededGenerator(seed: 2)
        let networks = try (0..<3).map { _ in try network(&generator) }
        let experts = try Experts(
            router: Self.linear(3, Self.width, &generator), networks: networks, perToken: 2)
        for value in [Float.nan, .infinity, -.infinity] {
            #expect(try experts(Tensor(repeating: value, shape: [2, Self.width])).shape == [2, Self.width])
        }
    }

    @Test func aGradientIsAnError() throws {
        var generator = SeededGenerator(seed: 3)
        let networks = try (0..<3).map { _ in try network(&generator) }
        let experts = try Experts(
            router: Self.linear(3, Self.width, &generator), networks: networks, perToken: 2)
        let x = generator.tensor([2, Self.width]).watched()
        let y = try experts(x)
        #expect(throws: GradientError.self) { try gradients(of: y, seed: .zeros(y.shape), at: [x]) }
    }
}
