import Attention
import AttentionTensors
import TestSupport
import Testing

/// Packed sequences with fewer queries than keys, as in a batch of caches of unequal lengths.
@Suite struct PackedQueriesTests {
    static let queryLengths = [3, 0, 1, 200, 5, 0], keyLengths = [300, 4, 1, 200, 2100, 0]

    static let operators = [
        AttentionOperator(
            bias: try! RelativePositionTests.bias(heads: 4, maximumDistance: 2000)),
        AttentionOperator(mask: .causal), AttentionOperator(),
        AttentionOperator(mask: .slidingWindow(before: 40), bias: .alibi(heads: 4)),
        AttentionOperator(
            score: .cosine(temperature: 0.1),
            mask: .predicate { query, key in (query - key) % 3 == 0 } & .causal),
    ]

    @Test(arguments: operators, InstructionSet.available)
    func everySequenceIsAsAlone(_ attention: AttentionOperator, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 95)
        let query = random.tensor([1, 4, Self.queryLengths.reduce(0, +), 16])
        let key = random.tensor([1, 2, Self.keyLengths.reduce(0, +), 16])
        let value = random.tensor([1, 2, key.shape[2], 11])
        var packed = attention
        packed.mask = try BlockDiagonalMask(Self.keyLengths) & attention.mask
        packed.alignment = try .packed(queryLengths: Self.queryLengths, keyLengths: Self.keyLengths)
        try InstructionSet.$forced.withValue(instructionSet) {
            let found = try packed.forward(query: query, key: key, value: value)
            let (values, totals) = (found.values, found.logSumExp)
            var (firstQuery, firstKey) = (0, 0)
            for (queries, keys) in zip(Self.queryLengths, Self.keyLengths) {
                let rows = firstQuery..<firstQuery + queries
                let own = firstKey..<firstKey + keys
                var alone = attention
                alone.alignment = .bottomRight
                let expected = try alone.forward(
                    query: query.sliced(axis: 2, rows), key: key.sliced(axis: 2, own),
                    value: value.sliced(axis: 2, own))
                #expect(
                    areBitwiseEqual(expected.values, values.sliced(axis: 2, rows)), "\(queries) of \(keys)")
                #expect(areBitwiseEqual(expected.logSumExp, totals.sliced(axis: 2, rows)))
                (firstQuery, firstKey) = (rows.upperBound, own.upperBound)
            }
        }
    }

    @Test func agreeWithTheReference() throws {
        var random = SeededGenerator(seed: 96)
        let (queryLengths, keyLengths) = ([2, 0, 7], [9, 3, 7])
        let (query, key) = (random.tensor([2, 2, 9, 6]), random.tensor([2, 2, 19, 6]))
        let attention = AttentionOperator(
            mask: try BlockDiagonalMask(keyLengths) & .causal, bias: .alibi(heads: 2),
            alignment: try .packed(queryLengths: queryLengths, keyLengths: keyLengths))
        let expected = try attention.reference(query: query, key: key, value: key)
        #expect(largestDifference(try attention(query: query, key: key, value: key), expected.values) < 2e-6)
        // Position by position: the first query of the first sequence is its 8th position.
        let scores = try attention.referenceScores(query: query, key: key, stage: .weights)
        #expect((0..<19).map { scores[0, 0, 0, $0] > 0 } == (0..<19).map { $0 < 8 })
        #expect((0..<19).map { scores[0, 0, 2, $0] > 0 } == (0..<19).map { $0 == 12 })
    }

    @Test func lengthsAreChecked() throws {
        for (queries, keys) in [([1], [1, 2]), ([-1], [2]), ([3], [2]), ([0], [-1])] {
            #expect(throws: TensorError.self) {
                try QueryAlignment.packed(queryLengths: queries, keyLengths: keys)
            }
        }
        let (query, key) = (Tensor.zeros([1, 1, 3, 4]), Tensor.zeros([1, 1, 9, 4]))
        func message(_ queries: [Int], _ keys: [Int], _ mask: any AttentionMask) throws -> String {
            let attention = AttentionOperator(
                mask: mask, alignment: try .packed(queryLengths: queries, keyLengths: keys))
            let error = #expect(throws: TensorError.self) {
                try attention(query: query, key: key, value: key)
            }
            return error?.description ?? ""
        }
        #expect(try message([1, 1], [4, 5], .full).contains("2 queries and 9 keys"))
        #expect(try message([1, 2], [4, 6], .full).contains("3 queries and 10 keys"))
        #expect(try message([1, 2], [Int.max, 6], .full).contains("3 queries"))
        // The mask is one of keys to keys.
        let rows = try BlockDiagonalMask(queryLengths: [1, 2], keyLengths: [4, 5])
        #expect(try message([1, 2], [4, 5], rows).contains("9 keys in all"))
    }
}
