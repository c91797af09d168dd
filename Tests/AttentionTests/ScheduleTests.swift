import Attention
import AttentionTensors
import TestSupport
import Testing

/// Results do not depend on how the work is divided: grouped heads in one block, long rows of keys in
/// segments, and masks in rounds of tables.
@Suite struct ScheduleTests {
    /// Few queries against keys of several segments. With more workers than items the segments are shared
    /// out.
    static let long: [TiledPathTests.Case] = {
        let window = AttentionOperator(
            mask: .slidingWindow(before: 2500), bias: .alibi(slopes: [0.01, 0.5]), alignment: .bottomRight)
        let scattered = AttentionOperator(
            mask: .predicate { query, key in (query * 7 + key) % 3 == 0 || key > 4000 },
            sinks: Tensor(repeating: 1, shape: [2]))
        return [
            .init(heads: 2, queries: 3, keys: 5000, width: 24, name: "plain"),
            .init(heads: 2, queries: 3, keys: 2049, width: 5, parameters: window, name: "window"),
            .init(
                batch: 2, heads: 2, queries: 23, keys: 4777, width: 8, parameters: scattered,
                name: "scattered"),
        ]
    }()

    @Test(arguments: long, InstructionSet.available)
    func segments(_ test: TiledPathTests.Case, _ instructionSet: InstructionSet) throws {
        let (query, key, value) = test.tensors(seed: 100)
        let expected = try test.parameters.reference(query: query, key: key, value: value)
        try InstructionSet.$forced.withValue(instructionSet) {
            let results = try [1, 2, 3, 8].map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    try test.parameters.forward(query: query, key: key, value: value)
                }
            }
            for found in results {
                #expect(largestDifference(found.values, expected.values) < 2e-6)
                #expect(largestDifference(found.logSumExp, expected.logSumExp) < 4e-6)
                #expect(areBitwiseEqual(found.values, results[0].values))
                #expect(areBitwiseEqual(found.logSumExp, results[0].logSumExp))
            }
        }
    }

    /// A row's sums do not depend on how many queries come after it, as long as they are more than a
    /// decoder's step has, nor on its batch.
    @Test(arguments: InstructionSet.available)
    func segmentsAlone(_ instructionSet: InstructionSet) throws {
        let test = TiledPathTests.Case(batch: 3, heads: 2, keyHeads: 1, queries: 200, keys: 4500, width: 16)
        let (query, key, value) = test.tensors(seed: 101)
        try InstructionSet.$forced.withValue(instructionSet) {
            let together = try attention(query: query, key: key, value: value)
            let alone = try attention(
                query: query.sliced(axis: 0, 1..<2).sliced(axis: 2, 0..<9), key: key.sliced(axis: 0, 1..<2),
                value: value.sliced(axis: 0, 1..<2))
            #expect(areBitwiseEqual(alone, together.sliced(axis: 0, 1..<2).sliced(axis: 2, 0..<9)))
        }
    }

    /// Groups of every size, the largest beyond a block's rows.
    @Test(arguments: [1, 2, 3, 5, 7, 16, 71, 200], InstructionSet.available)
    func groups(_ group: Int, _ instructionSet: InstructionSet) throws {
        let test = TiledPathTests.Case(
            batch: 2, heads: 2 * group, keyHeads: 2, queries: 9, keys: 31, width: 12, valueWidth: 5)
        var (query, key, value) = test.tensors(seed: 102)
        query = query.transposed(1, 2).contiguous().transposed(1, 2)
        let slopes = (0..<2 * group).map { Float($0 % 7) / 8 }
        let attention = AttentionOperator(
            mask: .predicate { query, key, site in (query + key + site.head * 3) % 4 != 0 },
            bias: .alibi(slopes: slopes), alignment: .offset(4))
        let expected = try attention.reference(query: query, key: key, value: value)
        try InstructionSet.$forced.withValue(instructionSet) {
            let found = try attention.forward(query: query, key: key, value: value)
            #expect(largestDifference(found.values, expected.values) < 2e-6)
            let (a, b) = (found.logSumExp, expected.logSumExp)
            #expect(largestDifference(a, b) < 4e-6)
            // Every head as with keys of its own.
            let own = AttentionOperator(mask: attention.mask, bias: attention.bias, alignment: .offset(4))
            let spread = try Tensor.concatenating(
                (0..<2 * group).map { key.sliced(axis: 1, $0 / group..<$0 / group + 1) }, axis: 1)
            let values = try Tensor.concatenating(
                (0..<2 * group).map { value.sliced(axis: 1, $0 / group..<$0 / group + 1) }, axis: 1)
            let alone = try own(query: query, key: spread, value: values)
            #expect(areBitwiseEqual(alone, found.values))
        }
    }

    /// A predicate gives the bits of the mask that it equals, in one round of tables and in several.
    @Test func predicates() throws {
        var random = SeededGenerator(seed: 103)
        let tensor = random.tensor([2, 2, 5000, 4])
        let causal = try attention(query: tensor, key: tensor, value: tensor, mask: .causal)
        let once = PredicateMask { query, key in key <= query }
        let everywhere = PredicateMask { query, key, _ in key <= query }
        for mask in [once, everywhere] {
            #expect(
                areBitwiseEqual(try attention(query: tensor, key: tensor, value: tensor, mask: mask), causal))
        }
        let window = try attention(
            query: tensor, key: tensor, value: tensor, mask: .slidingWindow(before: 130))
        let same = PredicateMask { query, key in key <= query && key >= query - 130 }
        let found = try attention(query: tensor, key: tensor, value: tensor, mask: same)
        // The window begins its blocks of keys elsewhere.
        #expect(largestDifference(found, window) < 4e-6)
    }
}
