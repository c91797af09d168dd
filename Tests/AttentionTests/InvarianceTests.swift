import Attention
import AttentionTensors
import TestSupport
import Testing

/// A sequence has the same bits on any number of threads, and alone or in any batch.
@Suite struct InvarianceTests {
    struct Variant: Sendable, CustomStringConvertible {
        let description: String
        let parameters: AttentionOperator
    }

    static let variants = [
        Variant(description: "plain", parameters: AttentionOperator()),
        Variant(description: "causal", parameters: AttentionOperator(mask: .causal)),
        Variant(
            description: "window, capped",
            parameters: AttentionOperator(softcap: 3, mask: .slidingWindow(before: 30, after: 5))),
        Variant(
            description: "cosine, scattered",
            parameters: AttentionOperator(
                score: .cosine(temperature: 0.1),
                mask: .predicate { query, key, _ in (query * 7 + key * 3) % 5 < 3 })),
        Variant(
            description: "relative positions",
            parameters: AttentionOperator(bias: try! RelativePositionTests.bias(heads: 4))),
    ]

    struct Inputs {
        let query, key, value: Tensor

        init(seed: UInt64, batch: Int, heads: Int = 4, keyHeads: Int = 2, length: Int, width: Int = 24) {
            var random = SeededGenerator(seed: seed)
            query = random.tensor([batch, heads, length, width], scale: 3)
            key = random.tensor([batch, keyHeads, length, width])
            value = random.tensor([batch, keyHeads, length, width + 3])
        }

        init(_ query: Tensor, _ key: Tensor, _ value: Tensor) {
            (self.query, self.key, self.value) = (query, key, value)
        }

        func part(axis: Int, _ range: Range<Int>) -> Inputs {
            Inputs(
                query.sliced(axis: axis, range), key.sliced(axis: axis, range),
                value.sliced(axis: axis, range))
        }
    }

    private func run(_ attention: AttentionOperator, _ inputs: Inputs) throws -> [Tensor] {
        let found = try attention.forward(query: inputs.query, key: inputs.key, value: inputs.value)
        let totals = found.logSumExp
        let weights = try attention.weights(query: inputs.query, key: inputs.key, logSumExp: totals)
        return [found.values, totals, weights]
    }

    private func areEqual(_ a: [Tensor], _ b: [Tensor]) -> Bool { zip(a, b).allSatisfy(areBitwiseEqual) }

    @Test(arguments: variants, InstructionSet.available)
    func threads(_ variant: Variant, _ instructionSet: InstructionSet) throws {
        let inputs = Inputs(seed: 40, batch: 2, length: 401)
        try InstructionSet.$forced.withValue(instructionSet) {
            let results = try [1, 2, 3].map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    try run(variant.parameters, inputs)
                }
            }
            #expect(areEqual(results[0], results[1]))
            #expect(areEqual(results[0], results[2]))
        }
    }

    @Test(arguments: variants, InstructionSet.available)
    func batches(_ variant: Variant, _ instructionSet: InstructionSet) throws {
        let inputs = Inputs(seed: 41, batch: 3, length: 203)
        try InstructionSet.$forced.withValue(instructionSet) {
            let together = try run(variant.parameters, inputs)
            for element in 0..<3 {
                let alone = try run(variant.parameters, inputs.part(axis: 0, element..<element + 1))
                #expect(areEqual(alone, together.map { $0.sliced(axis: 0, element..<element + 1) }))
            }
        }
    }

    static let lengths = [1, 23, 0, 300, 77, 5, 193]

    /// Each packed sequence has the numbers that it has alone. (Only masks that depend on distances are
    /// tested, because a packed sequence has other positions.)
    @Test(arguments: [0, 1, 2, 4], InstructionSet.available)
    func packed(_ kind: Int, _ instructionSet: InstructionSet) throws {
        let inputs = Inputs(seed: 42, batch: 1, length: Self.lengths.reduce(0, +))
        var attention = Self.variants[kind].parameters
        let own = attention.mask
        attention.mask = try own & BlockDiagonalMask(queryLengths: Self.lengths)
        try InstructionSet.$forced.withValue(instructionSet) {
            let together = try attention.forward(query: inputs.query, key: inputs.key, value: inputs.value)
            let totals = together.logSumExp
            var start = 0
            for length in Self.lengths {
                let range = start..<start + length
                let alone = try run(Self.variants[kind].parameters, inputs.part(axis: 2, range))
                #expect(areBitwiseEqual(alone[0], together.values.sliced(axis: 2, range)), "length \(length)")
                #expect(areBitwiseEqual(alone[1], totals.sliced(axis: 2, range)), "length \(length)")
                start += length
            }
        }
    }

    @Test(arguments: variants, InstructionSet.available)
    func padded(_ variant: Variant, _ instructionSet: InstructionSet) throws {
        let inputs = Inputs(seed: 43, batch: 4, length: 260)
        let lengths = [260, 1, 130, 97]
        var attention = variant.parameters
        attention.mask = attention.mask & .keyPadding(lengths: lengths)
        try InstructionSet.$forced.withValue(instructionSet) {
            let together = try attention.forward(query: inputs.query, key: inputs.key, value: inputs.value)
            for (element, length) in lengths.enumerated() {
                let alone = try run(
                    variant.parameters, inputs.part(axis: 0, element..<element + 1).part(axis: 2, 0..<length))
                let found = together.values.sliced(axis: 0, element..<element + 1).sliced(axis: 2, 0..<length)
                #expect(areBitwiseEqual(alone[0], found), "length \(length)")
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func viewsAreReadInPlace(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 44)
        let rows = random.tensor([2, 50, 3 * 4 * 6])
        try InstructionSet.$forced.withValue(instructionSet) {
            let parts = try (0..<3).map { try rows.sliced(axis: 2, $0 * 24..<$0 * 24 + 24).splitIntoHeads(4) }
            let found = try run(AttentionOperator(), Inputs(parts[0], parts[1], parts[2]))
            let copies = parts.map { $0.contiguous() }
            #expect(areEqual(found, try run(AttentionOperator(), Inputs(copies[0], copies[1], copies[2]))))
            // An innermost axis with gaps is copied first.
            let turned = copies.map { $0.transposed(2, 3).contiguous().transposed(2, 3) }
            #expect(areEqual(found, try run(AttentionOperator(), Inputs(turned[0], turned[1], turned[2]))))
        }
    }
}
