import AttentionTensors
import TestSupport
import Testing

/// The memory that a gated unit reuses.
@Suite struct GatedUnitTests {
    private let gates: [Float]
    private let ups: [Float]
    private let expected: [Float]

    init() throws {
        var random = SeededGenerator(seed: 5)
        gates = (0..<35).map { _ in Float.random(in: -3...3, using: &random) }
        ups = (0..<35).map { _ in Float.random(in: -3...3, using: &random) }
        expected = try zip(Activation.silu(Tensor(gates, shape: [35])).scalars, ups).map { $0 * $1 }
    }

    private func agrees(_ output: Tensor) -> Bool {
        zip(output.scalars, expected).allSatisfy { abs($0 - $1) <= 2e-6 * max(abs($1), 1) }
    }

    private func address(of tensor: Tensor) -> UInt {
        tensor.withUnsafeBuffer { UInt(bitPattern: $0.baseAddress) }
    }

    @Test func unsharedGatesAreReused() throws {
        var held: Tensor? = try Tensor(gates, shape: [5, 7])
        let before = address(of: held!)
        let output = try Activation.silu(held.take()!, times: Tensor(ups, shape: [5, 7]))
        #expect(address(of: output) == before)
        #expect(agrees(output))
    }

    @Test func sharedGatesKeepTheirNumbers() throws {
        let (gate, up) = (try Tensor(gates, shape: [5, 7]), try Tensor(ups, shape: [5, 7]))
        #expect(agrees(try Activation.silu(gate, times: up)))
        #expect(gate.scalars == gates)
        // A view, another order in memory, and both at once.
        let transposed = try Tensor(gates, shape: [5, 7]).transposed(0, 1).contiguous().transposed(0, 1)
        #expect(agrees(try Activation.silu(transposed, times: up)))
        #expect(transposed.scalars == gates)
        _ = try Activation.silu(gate, times: gate)
        #expect(gate.scalars == gates && up.scalars == ups)
    }

    @Test func watchedGatesKeepTheirNumbers() throws {
        let up = try Tensor(ups, shape: [5, 7])
        let gate = try Tensor(gates, shape: [5, 7]).watched()
        let output = try Activation.silu(gate, times: up)
        #expect(agrees(output.detached()))
        let seed = Tensor(repeating: 1, shape: [5, 7])
        let found = try gradients(of: output, seed: seed, at: [gate])
        #expect(found.map(\.shape) == [[5, 7]])
        #expect(gate.scalars == gates && up.scalars == ups)
    }
}
