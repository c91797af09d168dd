import Attention
import AttentionTensors
import TestSupport
import Testing

/// Every gradient of a sequence has the same bits on any number of threads, and alone or in any batch.
@Suite struct BackwardInvarianceTests {
    typealias Inputs = BackwardCase.Inputs

    private func inputs(
        seed: UInt64, batch: Int = 1, heads: Int = 4, keyHeads: Int = 2, length: Int, width: Int = 24
    ) -> Inputs {
        var random = SeededGenerator(seed: seed)
        return Inputs(
            query: random.tensor([batch, heads, length, width], scale: 3),
            key: random.tensor([batch, keyHeads, length, width]),
            value: random.tensor([batch, keyHeads, length, width + 3]),
            outputGradient: random.tensor([batch, heads, length, width + 3]))
    }

    private func part(_ inputs: Inputs, axis: Int, _ range: Range<Int>) -> Inputs {
        Inputs(
            query: inputs.query.sliced(axis: axis, range), key: inputs.key.sliced(axis: axis, range),
            value: inputs.value.sliced(axis: axis, range),
            outputGradient: inputs.outputGradient.sliced(axis: axis, range))
    }

    private func expectEqual(
        _ a: AttentionOperator.Gradients, _ b: AttentionOperator.Gradients, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (x, y) in zip(a.all, b.all) {
            guard let first = x.tensor, let second = y.tensor else { continue }
            #expect(areBitwiseEqual(first, second), "\(x.name), \(what)", sourceLocation: sourceLocation)
        }
    }

    /// The parts of the gradients that belong to some batch elements or positions.
    private func part(
        _ gradients: AttentionOperator.Gradients, axis: Int, _ range: Range<Int>
    ) -> AttentionOperator.Gradients {
        var result = gradients
        // Sums over all.
        (result.bias, result.slopes, result.temperature, result.sinks) = (nil, nil, nil, nil)
        result.relative = nil
        result.query = gradients.query?.sliced(axis: axis, range)
        result.key = gradients.key?.sliced(axis: axis, range)
        result.value = gradients.value?.sliced(axis: axis, range)
        return result
    }

    @Test(arguments: try BackwardCase.all)
    func threads(_ test: BackwardCase) throws {
        let inputs = test.inputs(seed: 50)
        for instructionSet in InstructionSet.available {
            try InstructionSet.$forced.withValue(instructionSet) {
                let results = try [1, 2, 3].map { threads in
                    try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                        try BackwardCase.gradients(test.forward.parameters, inputs)
                    }
                }
                expectEqual(results[0], results[1], "2 threads")
                expectEqual(results[0], results[2], "3 threads")
            }
        }
    }

    @Test(arguments: InvarianceTests.variants, InstructionSet.available)
    func batches(_ variant: InvarianceTests.Variant, _ instructionSet: InstructionSet) throws {
        let inputs = inputs(seed: 51, batch: 3, length: 203)
        try InstructionSet.$forced.withValue(instructionSet) {
            let together = try BackwardCase.gradients(variant.parameters, inputs)
            for element in 0..<3 {
                let range = element..<element + 1
                let alone = try BackwardCase.gradients(variant.parameters, part(inputs, axis: 0, range))
                expectEqual(alone, part(together, axis: 0, range), "element \(element)")
            }
        }
    }

    static let lengths = [1, 23, 0, 300, 77, 5, 193, 700]

    @Test(arguments: [0, 1, 2, 4], InstructionSet.available)
    func packed(_ kind: Int, _ instructionSet: InstructionSet) throws {
        let inputs = inputs(seed: 52, length: Self.lengths.reduce(0, +), width: 9)
        let variant = InvarianceTests.variants[kind].parameters
        var attention = variant
        attention.mask = try variant.mask & BlockDiagonalMask(queryLengths: Self.lengths)
        try InstructionSet.$forced.withValue(instructionSet) {
            let together = try BackwardCase.gradients(attention, inputs)
            var start = 0
            for length in Self.lengths {
                let range = start..<start + length
                let alone = try BackwardCase.gradients(variant, part(inputs, axis: 2, range))
                expectEqual(alone, part(together, axis: 2, range), "length \(length)")
                start += length
            }
        }
    }

    /// Padded queries see real keys, but send no gradient back, because their outputs are not used.
    @Test(arguments: InvarianceTests.variants, InstructionSet.available)
    func padded(_ variant: InvarianceTests.Variant, _ instructionSet: InstructionSet) throws {
        var inputs = inputs(seed: 53, batch: 4, length: 260)
        let lengths = [260, 1, 130, 97]
        let width = inputs.outputGradient.shape[3]
        inputs = Inputs(
            query: inputs.query, key: inputs.key, value: inputs.value,
            outputGradient: inputs.outputGradient.replacing(with: 0) {
                $0 / width % 260 >= lengths[$0 / width / 260 / 4]
            })
        var attention = variant.parameters
        attention.mask = attention.mask & .keyPadding(lengths: lengths)
        try InstructionSet.$forced.withValue(instructionSet) {
            let together = try BackwardCase.gradients(attention, inputs)
            for (element, length) in lengths.enumerated() {
                let own = part(part(inputs, axis: 0, element..<element + 1), axis: 2, 0..<length)
                let alone = try BackwardCase.gradients(variant.parameters, own)
                expectEqual(
                    part(alone, axis: 2, 0..<length),
                    part(part(together, axis: 0, element..<element + 1), axis: 2, 0..<length),
                    "length \(length)")
            }
        }
    }

    @Test func viewsAreReadInPlace() throws {
        let inputs = inputs(seed: 54, batch: 2, length: 50)
        func turned(_ tensor: Tensor, _ axis: Int) -> Tensor {
            tensor.transposed(axis, axis + 1).contiguous().transposed(axis, axis + 1)
        }
        let plain = try BackwardCase.gradients(AttentionOperator(mask: .causal), inputs)
        for axis in [1, 2] {
            let views = Inputs(
                query: turned(inputs.query, axis), key: turned(inputs.key, axis),
                value: turned(inputs.value, axis), outputGradient: turned(inputs.outputGradient, axis))
            expectEqual(
                plain, try BackwardCase.gradients(AttentionOperator(mask: .causal), views), "axis \(axis)")
        }
    }

    @Test func onlyWhatIsWanted() throws {
        let inputs = inputs(seed: 55, length: 40)
        let attention = AttentionOperator(score: .cosine(temperature: 0.3), bias: .alibi(heads: 4))
        let all = try BackwardCase.gradients(attention, inputs)
        for (index, entry) in all.all.enumerated() {
            let found = try BackwardCase.gradients(attention, inputs, of: .init(rawValue: 1 << index)).all
            for (other, gradient) in found.enumerated() {
                let expected = other == index ? entry.tensor : nil
                #expect((gradient.tensor == nil) == (expected == nil))
                if let a = gradient.tensor, let b = expected { #expect(areBitwiseEqual(a, b)) }
            }
        }
    }
}
