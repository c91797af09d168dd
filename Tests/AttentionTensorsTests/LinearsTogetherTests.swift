import AttentionTensors
import TestSupport
import Testing

/// Several layers that are computed together.
@Suite struct LinearsTogetherTests {
    /// A layer of each kind of weight, from narrow to several pieces wide.
    private static func layers(_ inputs: Int, _ random: inout SeededGenerator) throws -> [Linear] {
        var layers = [try Linear(weight: random.tensor([37, inputs]), bias: random.tensor([37]))]
        let kinds: [(ElementType, Int)] = [
            (.float16, 650), (.bfloat16, 3), (.q8_0, 530), (.q8_0, 40), (.q4_K, 70), (.q4_0, 1),
        ]
        for (type, outputs) in kinds {
            layers.append(
                try Linear(
                    weight: ReducedWeightTests.weight(outputs, inputs, type, &random),
                    bias: outputs > 50 ? random.tensor([outputs]) : nil))
        }
        return layers
    }

    @Test(arguments: InstructionSet.available)
    func haveTheBitsOfOneAfterAnother(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 70)
        try InstructionSet.$forced.withValue(instructionSet) {
            let layers = try Self.layers(512, &random)
            for rows in [0, 1, 8, 9, 40] {
                let x = random.tensor([1, rows, 512])
                let expected = try layers.map { try $0(x) }
                for threads in [1, 2, 3, 20] {
                    let found = try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                        try Linear.outputs(of: layers, x)
                    }
                    #expect(found.count == layers.count)
                    for (index, (found, expected)) in zip(found, expected).enumerated() {
                        #expect(found.shape == [1, rows, layers[index].outputs])
                        #expect(
                            areBitwiseEqual(found, expected),
                            "layer \(index), \(rows) rows, \(threads) threads")
                    }
                }
            }
        }
    }

    /// Inputs are rounded as each layer's kernels want them.
    @Test func layersOfSeveralInstructionSetsMeet() throws {
        var random = SeededGenerator(seed: 71)
        let weight = try ReducedWeightTests.weight(20, 64, .q8_0, &random)
        let layers = try InstructionSet.available.map { instructionSet in
            try InstructionSet.$forced.withValue(instructionSet) { try Linear(weight: weight) }
        }
        let x = random.tensor([2, 64])
        let expected = try layers.map { try $0(x) }
        for (found, expected) in zip(try Linear.outputs(of: layers, x), expected) {
            #expect(areBitwiseEqual(found, expected))
        }
    }

    @Test func refuseWhatDoesNotFit() throws {
        var random = SeededGenerator(seed: 72)
        let layers = [
            try Linear(weight: random.tensor([3, 32])), try Linear(weight: random.tensor([3, 64])),
        ]
        #expect(throws: TensorError.self) { try Linear.outputs(of: layers, random.tensor([2, 32])) }
    }
}
