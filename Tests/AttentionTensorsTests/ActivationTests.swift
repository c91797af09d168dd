import AttentionTensors
import TestSupport
import Testing

@Suite struct ActivationTests {
    static let names: [(Activation, String)] = [
        (.gelu, "gelu_f64"), (.geluTanh, "gelu_tanh_f64"), (.tanh, "tanh_f64"), (.silu, "silu_f64"),
        (.relu, "relu_f64"),
    ]

    /// Over −12…12 in steps of 1/16, zeros of both signs, tiny and huge numbers, infinity and NaN.
    ///
    /// GELU and SiLU end in a product with x of a number near 1 that was rounded: their error is measured
    /// in units in the last place of x, tanh's in units of its own.
    @Test(arguments: names, InstructionSet.available)
    func agreesWithFloat64(_ pair: (Activation, String), _ instructionSet: InstructionSet) throws {
        let test = try #require(try LayersFixture.cases("activation", NoAttributes.self).first)
        let input = try test.tensors.tensor("input").scalars
        let expected = try test.tensors.doubles(pair.1)
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try pair.0(Tensor(input, shape: [input.count])).scalars
        }
        try #require(found.count == expected.count)
        for (x, (a, b)) in zip(input, zip(found, expected)) {
            if b.isNaN {
                #expect(a.isNaN, "\(pair.0)(\(x))")
            } else if b.isInfinite || Double(Float(b)).isInfinite {
                #expect(Double(a) == b, "\(pair.0)(\(x))")
            } else {
                let scale = Float(pair.0 == .tanh ? abs(b) : max(abs(b), abs(Double(x))))
                #expect(abs(Double(a) - b) <= 2 * Double(scale.ulp), "\(pair.0)(\(x)) = \(a), not \(b)")
            }
        }
    }

    /// The end of the vector loop: every count is computed, and nothing is written beyond it.
    @Test(arguments: Activation.allCases, InstructionSet.available)
    func everyCountGivesTheSameNumbers(_ activation: Activation, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 9)
        let x = random.tensor([70], scale: 3)
        try InstructionSet.$forced.withValue(instructionSet) {
            let whole = try activation(x)
            for count in 0...70 {
                #expect(
                    areBitwiseEqual(
                        try activation(x.sliced(axis: 0, 0..<count)), whole.sliced(axis: 0, 0..<count)))
                #expect(
                    areBitwiseEqual(
                        try activation(x.sliced(axis: 0, count..<70)), whole.sliced(axis: 0, count..<70)))
            }
        }
    }

    @Test(arguments: Activation.allCases, InstructionSet.available)
    func nanComesThrough(_ activation: Activation, _ instructionSet: InstructionSet) throws {
        let x = try Tensor([1, .nan, 2, .infinity, -.infinity], shape: [5])
        let found = try InstructionSet.$forced.withValue(instructionSet) { try activation(x).scalars }
        #expect(found[1].isNaN)
        #expect(!found[0].isNaN && !found[2].isNaN)
        #expect(found[3] == (activation == .tanh ? 1 : .infinity))
        switch activation {
        case .identity: #expect(found[4] == -.infinity)
        case .relu: #expect(found[4] == 0)
        case .tanh: #expect(found[4] == -1)
        case .gelu, .geluTanh, .silu: #expect(found[4].isNaN || found[4] == 0)  // −∞ · 0, as in PyTorch
        }
    }

    @Test func keepsShapeAndReadsViews() throws {
        var random = SeededGenerator(seed: 10)
        let x = random.tensor([3, 4, 5]).transposed(0, 2)
        let found = try Activation.silu(x)
        #expect(found.shape == [5, 4, 3])
        #expect(areBitwiseEqual(found, try Activation.silu(x.contiguous())))
        #expect(areBitwiseEqual(try Activation.identity(x), x))
    }
}
