import Attention
import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// T5's bias by distance: buckets and gradients against transformers, and every way through attention.
@Suite struct RelativePositionTests {
    struct Buckets: Decodable, Sendable {
        let isBidirectional: Bool
        let buckets, maximumDistance, farthest: Int
    }

    struct Problem: Decodable, Sendable {
        let isBidirectional, causal: Bool
        let maximumDistance, queryOffset: Int
        let float32Errors: [String: Double]
    }

    private static func fixture() throws -> Fixture {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionTests", "relative_positions.safetensors").path)
        return Fixture(file, metadata: file.metadata)
    }

    /// A bias of random numbers.
    static func bias(
        heads: Int, buckets: Int = 32, isBidirectional: Bool = true, maximumDistance: Int = 128,
        seed: UInt64 = 60
    ) throws -> AttentionBias {
        var random = SeededGenerator(seed: seed)
        return .relative(
            try RelativePositionBias(
                table: random.tensor([buckets, heads]), isBidirectional: isBidirectional,
                maximumDistance: maximumDistance))
    }

    @Test(arguments: try fixture().cases(Buckets.self, prefix: "buckets"))
    func bucketsAreThoseOfTheReference(_ test: FixtureCase<Buckets>) throws {
        let rule = test.attributes
        let bias = try RelativePositionBias(
            table: .zeros([rule.buckets, 1]), isBidirectional: rule.isBidirectional,
            maximumDistance: rule.maximumDistance)
        let (begins, values) = (
            try test.tensors.integers("distances"), try test.tensors.integers("values")
        )
        #expect(begins.first == -rule.farthest)
        let ends = begins.dropFirst() + [rule.farthest + 1]
        for (begin, (end, value)) in zip(begins, zip(ends, values)) {
            let wrong = (begin..<end).first { bias.bucket(distance: $0) != value }
            #expect(wrong == nil, "expected \(value)")
        }
        #expect(bias.bucket(distance: .min) == bias.bucket(distance: -rule.farthest))
        #expect(bias.bucket(distance: .max) == bias.bucket(distance: rule.farthest))
    }

    @Test(arguments: try fixture().cases(Problem.self, prefix: "attention"), InstructionSet.available)
    func isAsExactAsPyTorch(_ test: FixtureCase<Problem>, _ instructionSet: InstructionSet) throws {
        let (rule, tensors) = (test.attributes, test.tensors)
        let attention = AttentionOperator(
            score: .scaledDotProduct(scale: 1), mask: rule.causal ? .causal : .full,
            bias: .relative(
                try RelativePositionBias(
                    table: tensors.tensor("table"), isBidirectional: rule.isBidirectional,
                    maximumDistance: rule.maximumDistance)),
            alignment: .offset(rule.queryOffset))
        let inputs = BackwardCase.Inputs(
            query: try tensors.tensor("query"), key: try tensors.tensor("key"),
            value: try tensors.tensor("value"), outputGradient: try tensors.tensor("output_gradient"))
        let (output, found) = try InstructionSet.$forced.withValue(instructionSet) {
            (
                try attention(query: inputs.query, key: inputs.key, value: inputs.value),
                try BackwardCase.gradients(attention, inputs)
            )
        }
        let pairs = [
            ("output", output, "output_f64"), ("query", found.query, "query_gradient_f64"),
            ("key", found.key, "key_gradient_f64"), ("value", found.value, "value_gradient_f64"),
            ("table", found.relative, "table_gradient_f64"),
        ]
        for (name, tensor, stored) in pairs {
            let expected = try tensors.doubles(stored)
            let float32Error = try #require(rule.float32Errors[name])
            // Weights come back from a float32 log-sum-exp of about 4, and gradients of scores are rounded in
            // the units of the products dO · V.
            let largest = expected.reduce(1) { max($0, abs($1)) }
            let bound = tolerance(float32Error: float32Error, of: expected) + 4 * Double(Float(largest).ulp)
            #expect(largestError(try #require(tensor), expected) <= bound, "\(name)")
        }
    }

    /// Packed sequences of a cache, of few and of many queries: the same bits as alone, and the reference's
    /// numbers.
    @Test(arguments: KeyValueStorage.allCases, InstructionSet.available)
    func packedQueriesOverACache(_ storage: KeyValueStorage, _ instructionSet: InstructionSet) throws {
        let (runs, lengths) = ([3, 20, 1, 8], [300, 20, 5, 700])
        let sizes = CachedAttentionTests.Sizes(
            heads: 4, keyHeads: 2, queries: 8, keys: 700, keyWidth: 24, valueWidth: 20)
        let inputs = CachedAttentionTests.Inputs(sizes, batch: 4)
        var random = SeededGenerator(seed: 61)
        let query = random.tensor([32, 4, 24])
        let attention = AttentionOperator(
            mask: .causal, bias: try Self.bias(heads: 4, isBidirectional: false))
        try InstructionSet.$forced.withValue(instructionSet) {
            var cache = try CachedAttentionTests.cache(inputs, storage: storage, pageLength: 64)
            for (sequence, length) in lengths.enumerated() {
                try cache.truncate(sequence: sequence, to: length)
            }
            let together = try attention(packedQuery: query, runs: runs, cache: cache)
            var first = 0
            for (sequence, count) in runs.enumerated() {
                let own = query.sliced(axis: 0, first..<first + count)
                let found = together.sliced(axis: 0, first..<first + count)
                let alone = try attention(
                    packedQuery: own, runs: [count], cache: cache, sequences: [sequence])
                #expect(areBitwiseEqual(found, alone), "\(count) of \(lengths[sequence])")
                if storage == .float32 {
                    var reference = attention
                    reference.alignment = .bottomRight
                    let (element, keys) = (sequence..<sequence + 1, 0..<lengths[sequence])
                    let expected = try reference.reference(
                        query: own.reshaped(to: [1, count, 4, 24]).transposed(1, 2),
                        key: inputs.key.sliced(axis: 0, element).sliced(axis: 2, keys),
                        value: inputs.value.sliced(axis: 0, element).sliced(axis: 2, keys))
                    let values = try expected.values.transposed(1, 2).reshaped(to: found.shape)
                    #expect(largestDifference(found, values) < 4e-6)
                }
                if count <= 8 {
                    var earlier = cache
                    for row in (0..<count).reversed() {
                        let one = try attention(
                            packedQuery: own.sliced(axis: 0, row..<row + 1), runs: [1], cache: earlier,
                            sequences: [sequence])
                        #expect(areBitwiseEqual(one, found.sliced(axis: 0, row..<row + 1)))
                        try earlier.truncate(sequence: sequence, to: earlier.lengths[sequence] - 1)
                    }
                }
                first += count
            }
        }
    }

    /// A block of recomputed weights spans several packed sequences, and positions that are far apart.
    @Test(arguments: InstructionSet.available)
    func weightsOfPackedSequences(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 62)
        let lengths = [300, 5, 0, 90]
        let (query, key) = (random.tensor([1, 2, 395, 8]), random.tensor([1, 1, 395, 8]))
        let attention = AttentionOperator(
            mask: try BlockDiagonalMask(lengths), bias: try Self.bias(heads: 2, maximumDistance: 20))
        try InstructionSet.$forced.withValue(instructionSet) {
            let found = try attention.forward(query: query, key: key, value: key)
            let weights = try attention.weights(query: query, key: key, logSumExp: found.logSumExp)
            let expected = try attention.referenceScores(query: query, key: key, stage: .weights)
            #expect(largestDifference(weights, expected) < 5e-6)
            let summary = try attention.weightSummary(
                query: query, key: key, logSumExp: found.logSumExp, rows: 395, columns: 395)
            #expect(largestDifference(summary.means, expected) < 5e-6)
        }
    }

    @Test func errors() throws {
        func message(
            _ shape: Shape, _ isBidirectional: Bool, _ maximumDistance: Int
        ) -> String {
            let error = #expect(throws: TensorError.self) {
                try RelativePositionBias(
                    table: .zeros(shape), isBidirectional: isBidirectional, maximumDistance: maximumDistance)
            }
            return error?.description ?? ""
        }
        #expect(message([32], true, 128).contains("[buckets, Hq]"))
        #expect(message([1, 4], false, 128).contains("1 buckets"))
        #expect(message([2, 4], true, 128).contains("at least 4"))
        #expect(message([7, 4], true, 128).contains("an even number"))
        #expect(message([32, 4], true, 8).contains("expected more than 8"))
        #expect(message([32, 4], false, 16).contains("a maximum distance of 16"))
        #expect(message([32, 4], false, 1 << 30).contains("less than 2³⁰"))

        let (query, key) = (Tensor.zeros([1, 4, 2, 3]), Tensor.zeros([1, 2, 5, 3]))
        let three = AttentionOperator(bias: try Self.bias(heads: 3))
        let heads = #expect(throws: TensorError.self) { try three(query: query, key: key, value: key) }
        #expect(heads?.description.contains("expected shape [32, 4], found [32, 3]") == true)
        let table = Tensor.zeros([32, 4]).replacing(with: .nan) { $0 == 77 }
        let bad = AttentionOperator(
            bias: .relative(try RelativePositionBias(table: table, isBidirectional: true)))
        let number = #expect(throws: TensorError.self) { try bad(query: query, key: key, value: key) }
        #expect(number?.description.contains("a bias of nan") == true)
        #expect(throws: TensorError.self) { try three.bias + three.bias }
        let both = try three.bias + .alibi(heads: 3)
        #expect(both.relative != nil && both.slopes != nil)
    }

    /// The longest distances there are, and tables of distances that never occur.
    @Test func extremePositions() throws {
        let tensor = Tensor(repeating: 1, shape: [1, 1, 3, 4])
        for offset in [-(1 << 30) + 1, (1 << 30) - 1, -500, 500] {
            let attention = AttentionOperator(
                bias: try Self.bias(heads: 1, maximumDistance: (1 << 20)), alignment: .offset(offset))
            let expected = try attention.reference(query: tensor, key: tensor, value: tensor)
            let found = try attention(query: tensor, key: tensor, value: tensor)
            #expect(largestDifference(found, expected.values) < 1e-6, "\(offset)")
        }
    }
}
