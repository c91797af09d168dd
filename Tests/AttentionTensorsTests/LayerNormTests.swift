import AttentionTensors
import TestSupport
import Testing

@Suite struct LayerNormTests {
    struct Attributes: Decodable, Sendable {
        let width: Int
        let epsilon: Float
        let float32Errors: [Double]
    }

    @Test(arguments: try LayersFixture.cases("layerNorm", Attributes.self), InstructionSet.available)
    func agreesWithPyTorch(_ test: FixtureCase<Attributes>, _ instructionSet: InstructionSet) throws {
        let width = test.attributes.width
        let norm = try LayerNorm(
            width: width, gain: test.tensors.tensor("weight"), bias: test.tensors.tensor("bias"),
            epsilon: test.attributes.epsilon)
        let input = try test.tensors.tensor("input")
        let expected = try test.tensors.doubles("output_f64")
        let found = try InstructionSet.$forced.withValue(instructionSet) { try norm(input) }
        for (row, float32Error) in test.attributes.float32Errors.enumerated() {
            let truth = Array(expected[row * width..<(row + 1) * width])
            let error = largestError(found.selecting(axis: 0, row), truth)
            #expect(error <= tolerance(float32Error: float32Error, of: truth), "row \(row)")
        }
    }

    /// Widths around every vector width, against the formula in double precision.
    @Test(arguments: Array(1...35) + [63, 64, 65, 127, 128, 129, 768], InstructionSet.available)
    func everyWidthAndEveryPart(_ width: Int, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: UInt64(width))
        let (x, residual) = (random.tensor([3, width]), random.tensor([3, width]))
        let (gain, bias) = (random.tensor([width]), random.tensor([width]))
        for (gain, bias, residual) in [(gain, bias, residual), (nil, bias, nil), (gain, nil, nil)] {
            let norm = try LayerNorm(width: width, gain: gain, bias: bias, epsilon: 1e-5)
            let found = try InstructionSet.$forced.withValue(instructionSet) {
                try norm(x, adding: residual)
            }
            let expected = byDefinition(x, residual, gain, bias)
            #expect(largestError(found, expected) < 4e-6)
        }
    }

    private func byDefinition(_ x: Tensor, _ residual: Tensor?, _ gain: Tensor?, _ bias: Tensor?) -> [Double]
    {
        let width = x.shape[1]
        return (0..<x.shape[0]).flatMap { row in
            let y = (0..<width).map { Double(x[row, $0]) + Double(residual?[row, $0] ?? 0) }
            let mean = y.reduce(0, +) / Double(width)
            let variance = y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            return (0..<width).map {
                (y[$0] - mean) / (variance + 1e-5).squareRoot() * Double(gain?[$0] ?? 1)
                    + Double(bias?[$0] ?? 0)
            }
        }
    }

    /// A constant row gives the bias. After subtracting the mean only rounding errors remain, which must not
    /// be magnified.
    @Test(arguments: [3, 10, 77, 384, 1000], InstructionSet.available)
    func aConstantRowIsZero(_ width: Int, _ instructionSet: InstructionSet) throws {
        let norm = try LayerNorm(width: width, gain: nil, bias: nil, epsilon: 1e-12)
        for value in [0, 0.1, -3.3333333, 1e-20, 123_456.7] as [Float] {
            let found = try InstructionSet.$forced.withValue(instructionSet) {
                try norm(Tensor(repeating: value, shape: [1, width]))
            }
            #expect(found.scalars.allSatisfy { abs($0) < 2e-2 }, "\(value): \(found)")
        }
    }

    @Test(arguments: [1, 2, 3], InstructionSet.available)
    func threadsAndCompanyChangeNothing(_ threads: Int, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 3)
        let x = random.tensor([700, 77], scale: 3)
        let norm = try LayerNorm(
            width: 77, gain: random.tensor([77]), bias: random.tensor([77]), epsilon: 1e-12)
        try InstructionSet.$forced.withValue(instructionSet) {
            let whole = try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) { try norm(x) }
            for row in [0, 1, 211, 213, 699] {
                let alone = try norm(x.sliced(axis: 0, row..<row + 1))
                #expect(areBitwiseEqual(alone, whole.sliced(axis: 0, row..<row + 1)), "row \(row)")
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func nanStaysInItsRow(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 4)
        let clean = random.tensor([3, 21])
        let norm = try LayerNorm(width: 21, gain: nil, bias: nil, epsilon: 1e-5)
        try InstructionSet.$forced.withValue(instructionSet) {
            for bad in [Float.nan, .infinity, -.infinity] {
                for column in [0, 7, 20] {
                    let found = try norm(clean.replacing(with: bad) { $0 == 21 + column })
                    #expect(found.selecting(axis: 0, 1).scalars.allSatisfy { $0.isNaN })
                    #expect(
                        areBitwiseEqual(found.selecting(axis: 0, 0), try norm(clean).selecting(axis: 0, 0)))
                    #expect(
                        areBitwiseEqual(found.selecting(axis: 0, 2), try norm(clean).selecting(axis: 0, 2)))
                }
            }
        }
    }

    @Test func refusesShapesThatDoNotFit() throws {
        #expect(throws: TensorError.self) {
            try LayerNorm(width: 4, gain: .zeros([3]), bias: nil, epsilon: 1)
        }
        #expect(throws: TensorError.self) {
            try LayerNorm(width: 4, gain: nil, bias: .zeros([4, 1]), epsilon: 1)
        }
        let norm = try LayerNorm(width: 4, gain: nil, bias: nil, epsilon: 1e-5)
        let error = #expect(throws: TensorError.self) { try norm(.zeros([2, 3])) }
        #expect(error?.description == "input of a layer norm: expected shape […, 4], found [2, 3]")
        #expect(throws: TensorError.self) { try norm(.zeros([])) }
        #expect(throws: TensorError.self) { try norm(.zeros([2, 4]), adding: .zeros([1, 4])) }
        #expect(try norm(.zeros([0, 4])).shape == [0, 4])
        let none = try LayerNorm(width: 0, gain: nil, bias: nil, epsilon: 1e-5)
        #expect(throws: TensorError.self) { try none(.zeros([2, 0])) }
    }

    @Test func readsStridedInput() throws {
        var random = SeededGenerator(seed: 6)
        let x = random.tensor([9, 4])
        let norm = try LayerNorm(width: 9, gain: nil, bias: nil, epsilon: 1e-5)
        let turned = x.transposed(0, 1)
        #expect(areBitwiseEqual(try norm(turned), try norm(turned.contiguous())))
        #expect(areBitwiseEqual(try norm(turned, adding: turned), try norm(turned + turned)))
    }
}
