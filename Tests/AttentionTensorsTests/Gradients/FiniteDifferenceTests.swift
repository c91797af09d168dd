import AttentionTensors
import TestSupport
import Testing

/// Gradients against central differences of the operation itself, at awkward shapes.
///
/// The function is Σ f(x) · seed, its change along a random direction is compared with the gradient's: the
/// sum over all elements leaves one number, in which the rounding of f, at most a few units in the last place
/// of the sum of magnitudes, is divided by the step.
@Suite struct FiniteDifferenceTests {
    static let shapes: [Shape] = [[1, 1], [5, 24], [1, 77], [3, 7, 6], [23, 34]]

    private func check(
        _ points: [Tensor], sourceLocation: SourceLocation = #_sourceLocation,
        _ function: ([Tensor]) throws -> Tensor
    ) throws {
        var random = SeededGenerator(seed: 5)
        let seed = random.tensor(try function(points).shape)
        let directions = points.map { random.tensor($0.shape) }
        let watched = points.map { $0.watched() }
        let found = try gradients(of: function(watched), seed: seed, at: watched)
        func value(_ step: Float) throws -> (sum: Double, magnitude: Double) {
            let moved = try zip(points, directions).map { try $0 + $1 * step }
            let terms = zip(try function(moved).scalars, seed.scalars).map { Double($0) * Double($1) }
            return (terms.reduce(0, +), terms.reduce(0) { $0 + abs($1) })
        }
        let step: Float = 0x1p-7
        // Richardson's extrapolation of two central differences: what is left is of the fourth order in the
        // step.
        let (up, down) = (try value(step), try value(-step))
        let (far, near) = (try value(2 * step), try value(-2 * step))
        let h = Double(step)
        let slope = (8 * (up.sum - down.sum) - (far.sum - near.sum)) / (12 * h)
        let expected = zip(found, directions).reduce(0.0) { sum, pair in
            sum + zip(pair.0.scalars, pair.1.scalars).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        }
        let bound = 1e-6 * up.magnitude / h + 2e-4 * abs(slope) + 1e-4
        #expect(abs(slope - expected) <= bound, "\(slope) \(expected)", sourceLocation: sourceLocation)
    }

    @Test(arguments: shapes) func elementwise(_ shape: Shape) throws {
        var random = SeededGenerator(seed: 1)
        let (a, b) = (random.tensor(shape), random.tensor(shape))
        try check([a, b]) { try $0[0] * $0[1] }
        try check([a, b]) { try $0[0] + $0[1] * 3 }
        try check([a]) { try $0[0] * $0[0] * $0[0] }
        try check([a, b]) { try ($0[0] * $0[1]).sum() }
        try check([a]) { try -2 * $0[0].transposed(0, shape.rank - 1) }
    }

    @Test(arguments: shapes, Activation.allCases)
    func activations(_ shape: Shape, _ activation: Activation) throws {
        var random = SeededGenerator(seed: 2)
        // ReLU has no derivative at 0: nothing comes near.
        var x = random.tensor(shape)
        x.withUnsafeMutableBuffer { x in
            for index in x.indices where abs(x[index]) < 0.25 { x[index] += x[index] < 0 ? -0.25 : 0.25 }
        }
        try check([x]) { try activation($0[0]) }
        try check([x, random.tensor(shape)]) { try activation($0[0], times: $0[1]) }
        if shape[shape.rank - 1] % 2 == 0 { try check([x]) { try activation.gatingHalves(of: $0[0]) } }
    }

    @Test(arguments: shapes) func normsAndLinear(_ shape: Shape) throws {
        var random = SeededGenerator(seed: 3)
        let width = shape[shape.rank - 1]
        let (x, residual) = (random.tensor(shape), random.tensor(shape))
        let (gain, bias) = (random.tensor([width]), random.tensor([width]))
        try check([x, residual, gain, bias]) {
            try LayerNorm(width: width, gain: $0[2], bias: $0[3], epsilon: 0.1)($0[0], adding: $0[1])
        }
        try check([x, residual, gain]) {
            try RMSNorm(width: width, gain: $0[2], epsilon: 0.1, gainIsOffset: true)($0[0], adding: $0[1])
        }
        let weight = random.tensor([5, width])
        try check([x, weight, random.tensor([5])]) {
            try Linear(weight: $0[1], bias: $0[2])($0[0], activation: .gelu)
        }
        try check([x]) { try Linear(weight: weight)($0[0]) }  // frozen: unpacked for the input's gradient
        try check([weight.transposed(0, 1)]) { try Linear(weight: $0[0].transposed(0, 1))(x) }
    }
}
