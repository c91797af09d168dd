import AttentionTensors
import TestSupport
import Testing

@Suite struct LinearTests {
    struct Attributes: Decodable, Sendable {
        let rows, inputWidth, outputWidth: Int
        let bias: Bool
        let float32Error: Double
    }

    @Test(arguments: try LayersFixture.cases("linear", Attributes.self), InstructionSet.available)
    func agreesWithPyTorch(_ test: FixtureCase<Attributes>, _ instructionSet: InstructionSet) throws {
        let expected = try test.tensors.doubles("output_f64")
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            let linear = try Linear(
                weight: test.tensors.tensor("weight"), bias: test.tensors.tensorIfPresent("bias"))
            #expect(linear.inputs == test.attributes.inputWidth)
            #expect(linear.outputs == test.attributes.outputWidth)
            return try linear(test.tensors.tensor("input"))
        }
        #expect(found.shape == [test.attributes.rows, test.attributes.outputWidth])
        let float32Error = try max(test.attributes.float32Error, plainError(test, expected))
        #expect(largestError(found, expected) <= tolerance(float32Error: float32Error, of: expected))
    }

    /// The error of the same sums in float32 one term after the other. PyTorch keeps several partial sums for
    /// each output, which is more exact for large K; one chain is what makes a row's bits independent of the
    /// rest.
    private func plainError(_ test: FixtureCase<Attributes>, _ expected: [Double]) throws -> Double {
        let (x, weight) = (try test.tensors.tensor("input"), try test.tensors.tensor("weight"))
        let bias = try test.tensors.tensorIfPresent("bias")
        return largestError(
            Tensor(shape: [test.attributes.rows, test.attributes.outputWidth]) { result in
                for index in result.indices {
                    let (row, output) = (index / weight.shape[0], index % weight.shape[0])
                    let sum = (0..<weight.shape[1]).reduce(Float(0)) { $0 + x[row, $1] * weight[output, $1] }
                    result.initializeElement(at: index, to: sum + (bias?[output] ?? 0))
                }
            }, expected)
    }

    static let sizes = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 47, 48, 49, 65]

    /// Every height, depth and width around the register tiles, with and without bias, by the definition.
    @Test(arguments: sizes, InstructionSet.available)
    func everySize(_ rows: Int, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: UInt64(rows))
        try InstructionSet.$forced.withValue(instructionSet) {
            for inputs in Self.sizes {
                for outputs in Self.sizes {
                    let (x, weight) = (random.tensor([rows, inputs]), random.tensor([outputs, inputs]))
                    let bias = (inputs + outputs) % 2 == 0 ? random.tensor([outputs]) : nil
                    let found = try Linear(weight: weight, bias: bias)(x)
                    let error = largestError(found, byDefinition(x, weight, bias))
                    // Every one of the K sums may be off by half a unit of a partial sum.
                    try #require(error < 3e-7 * Double(inputs + 4), "\(rows)×\(inputs)×\(outputs)")
                }
            }
        }
    }

    private func byDefinition(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> [Double] {
        let (depth, outputs) = (x.shape[1], weight.shape[0])
        let (x, weight, bias) = (x.scalars, weight.scalars, bias?.scalars)
        return (0..<x.count / depth).flatMap { row in
            (0..<outputs).map { output in
                (0..<depth).reduce(Double(bias?[output] ?? 0)) {
                    $0 + Double(x[row * depth + $1]) * Double(weight[output * depth + $1])
                }
            }
        }
    }

    @Test(arguments: Activation.allCases, InstructionSet.available)
    func fusesTheActivation(_ activation: Activation, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 12)
        try InstructionSet.$forced.withValue(instructionSet) {
            for (rows, outputs) in [(1, 1), (3, 17), (13, 50), (250, 131)] {
                let linear = try Linear(weight: random.tensor([outputs, 9]), bias: random.tensor([outputs]))
                let x = random.tensor([rows, 9])
                #expect(areBitwiseEqual(try linear(x, activation: activation), try activation(linear(x))))
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func leadingAxesAndViews(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 13)
        try InstructionSet.$forced.withValue(instructionSet) {
            let linear = try Linear(weight: random.tensor([7, 5]).transposed(0, 1), bias: random.tensor([5]))
            let x = random.tensor([2, 3, 4, 7])
            let flat = try linear(x.reshaped(to: [24, 7]))
            #expect(areBitwiseEqual(try linear(x), try flat.reshaped(to: [2, 3, 4, 5])))
            let turned = random.tensor([7, 6]).transposed(0, 1)
            #expect(areBitwiseEqual(try linear(turned), try linear(turned.contiguous())))
            #expect(
                try linear(x.selecting(axis: 0, 0).selecting(axis: 0, 0).selecting(axis: 0, 0)).shape == [5])
        }
    }

    @Test(arguments: InstructionSet.available)
    func emptySizes(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let bias = try Tensor([1, 2], shape: [2])
            let noInputs = try Linear(weight: .zeros([2, 0]), bias: bias)
            #expect(try noInputs(.zeros([3, 0])).scalars == [1, 2, 1, 2, 1, 2])
            #expect(try Linear(weight: .zeros([0, 4]))(.zeros([3, 4])).shape == [3, 0])
            #expect(try Linear(weight: .zeros([2, 4]), bias: bias)(.zeros([0, 4])).shape == [0, 2])
            #expect(try Linear(weight: .zeros([2, 4]), bias: bias)(.zeros([3, 0, 4])).shape == [3, 0, 2])
        }
    }

    @Test(arguments: InstructionSet.available)
    func nanReachesItsRowAndNoOther(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 14)
        try InstructionSet.$forced.withValue(instructionSet) {
            let linear = try Linear(weight: random.tensor([50, 20]))
            let clean = random.tensor([20, 20])
            let expected = try linear(clean)
            for row in [0, 7, 19] {
                let found = try linear(clean.replacing(with: .nan) { $0 == row * 20 + 3 })
                for other in 0..<20 {
                    let (a, b) = (found.selecting(axis: 0, other), expected.selecting(axis: 0, other))
                    #expect(other == row ? a.scalars.allSatisfy { $0.isNaN } : areBitwiseEqual(a, b))
                }
            }
            let inf = try linear(clean.replacing(with: .infinity) { $0 == 0 }).scalars[0..<50]
            #expect(inf.allSatisfy { $0.isInfinite || $0.isNaN })
        }
    }

    @Test func refusesShapesThatDoNotFit() throws {
        #expect(throws: TensorError.self) { try Linear(weight: .zeros([3])) }
        #expect(throws: TensorError.self) { try Linear(weight: .zeros([3, 2, 1])) }
        #expect(throws: TensorError.self) { try Linear(weight: .zeros([3, 2]), bias: .zeros([2])) }
        let linear = try Linear(weight: .zeros([3, 2]))
        let error = #expect(throws: TensorError.self) { try linear(.zeros([4, 3])) }
        #expect(error?.description == "input of a linear layer: expected shape […, 2], found [4, 3]")
        #expect(throws: TensorError.self) { try linear(.zeros([])) }
    }
}
