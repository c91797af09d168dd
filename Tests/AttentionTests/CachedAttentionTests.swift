import Attention
import AttentionTensors
import TestSupport
import Testing

/// Attention over a cache, and a decoder's step over tensors, against the reference.
@Suite struct CachedAttentionTests {
    struct Variant: Sendable, CustomStringConvertible {
        let description: String
        let make: @Sendable (_ heads: Int, _ queries: Int, _ keys: Int) throws -> AttentionOperator
    }

    private static func bias(_ heads: Int, _ queries: Int, _ keys: Int) -> AttentionBias {
        var random = SeededGenerator(seed: 77)
        let numbers = random.tensor([heads, queries, keys])
        return .additive(numbers.replacing(with: -.infinity) { $0 % 5 == 3 })
    }

    static let variants = [
        Variant(description: "plain") { _, _, _ in AttentionOperator() },
        Variant(description: "causal") { _, _, _ in AttentionOperator(mask: .causal) },
        Variant(description: "window, capped") { _, _, _ in
            AttentionOperator(softcap: 3, mask: .slidingWindow(before: 300))
        },
        Variant(description: "cosine, scattered, by head") { _, _, _ in
            AttentionOperator(
                score: .cosine(temperature: 0.1),
                mask: .causal & .predicate { query, key, site in (query * 7 + key * 3 + site.head) % 5 < 3 })
        },
        Variant(description: "additive bias") { heads, queries, keys in
            AttentionOperator(mask: .causal, bias: bias(heads, queries, keys))
        },
        Variant(description: "ALiBi, sinks") { heads, _, _ in
            AttentionOperator(
                mask: .causal, bias: .alibi(heads: heads),
                sinks: try Tensor((0..<heads).map { Float($0) - 1 }, shape: [heads]))
        },
        Variant(description: "relative positions") { heads, _, _ in
            AttentionOperator(mask: .causal, bias: try RelativePositionTests.bias(heads: heads))
        },
        Variant(description: "relative positions, scattered, additive bias") { heads, queries, keys in
            AttentionOperator(
                mask: .predicate { query, key, site in (query * 7 + key * 3 + site.head) % 5 < 3 },
                bias: try RelativePositionTests.bias(heads: heads, maximumDistance: 200)
                    + bias(heads, queries, keys))
        },
        Variant(description: "sees nothing") { _, _, _ in
            AttentionOperator(mask: .predicate { _, _, _ in false })
        },
    ]

    struct Sizes: Sendable, CustomStringConvertible {
        let heads, keyHeads, queries, keys, keyWidth, valueWidth: Int
        var description: String {
            "\(heads)/\(keyHeads) heads, \(queries) of \(keys), widths \(keyWidth) and \(valueWidth)"
        }
    }

    static let sizes = [
        Sizes(heads: 4, keyHeads: 1, queries: 1, keys: 777, keyWidth: 64, valueWidth: 64),
        Sizes(heads: 3, keyHeads: 3, queries: 1, keys: 23, keyWidth: 24, valueWidth: 1),
        Sizes(heads: 10, keyHeads: 2, queries: 3, keys: 300, keyWidth: 77, valueWidth: 199),
        Sizes(heads: 7, keyHeads: 1, queries: 8, keys: 513, keyWidth: 1, valueWidth: 80),
        Sizes(heads: 2, keyHeads: 1, queries: 23, keys: 301, keyWidth: 24, valueWidth: 33),
        // Six queries behind a multiple of the cut length go another way than the rest.
        Sizes(heads: 4, keyHeads: 2, queries: 70, keys: 134, keyWidth: 16, valueWidth: 8),
    ]

    struct Inputs {
        let query, key, value: Tensor

        init(_ sizes: Sizes, batch: Int = 1, seed: UInt64 = 3) {
            var random = SeededGenerator(seed: seed)
            query = random.tensor([batch, sizes.heads, sizes.queries, sizes.keyWidth], scale: 2)
            key = random.tensor([batch, sizes.keyHeads, sizes.keys, sizes.keyWidth])
            value = random.tensor([batch, sizes.keyHeads, sizes.keys, sizes.valueWidth])
        }
    }

    static func cache(
        _ inputs: Inputs, storage: KeyValueStorage = .float32, pageLength: Int? = nil
    ) throws -> KeyValueCache {
        let layout = try KeyValueLayout(
            heads: inputs.key.shape[1], keyWidth: inputs.key.shape[3], valueWidth: inputs.value.shape[3],
            storage: storage)
        let (batch, keys) = (inputs.key.shape[0], inputs.key.shape[2])
        var cache =
            if let pageLength {
                try KeyValueCache(
                    sequences: batch,
                    pool: KeyValuePagePool(
                        layout: layout, pageLength: pageLength,
                        pageLimit: batch * (keys + pageLength - 1) / pageLength + batch))
            } else {
                try KeyValueCache(sequences: batch, capacity: keys + 5, layout: layout)
            }
        // In steps of unequal lengths, as prompts and tokens come.
        var first = 0
        for count in [1, keys / 3, keys / 7, keys] where first < keys {
            let part = first..<min(first + max(count, 1), keys)
            try cache.append(
                keys: inputs.key.sliced(axis: 2, part), values: inputs.value.sliced(axis: 2, part))
            first = part.upperBound
        }
        return cache
    }

    @Test(arguments: sizes, InstructionSet.available)
    func agreesWithTheReference(_ sizes: Sizes, _ instructionSet: InstructionSet) throws {
        let inputs = Inputs(sizes)
        for variant in Self.variants {
            var attention = try variant.make(sizes.heads, sizes.queries, sizes.keys)
            attention.alignment = .bottomRight
            let expected = try attention.reference(query: inputs.query, key: inputs.key, value: inputs.value)
            try InstructionSet.$forced.withValue(instructionSet) {
                let tensors = try attention.forward(query: inputs.query, key: inputs.key, value: inputs.value)
                let cache = try Self.cache(inputs)
                let cached = try attention.forward(query: inputs.query, cache: cache)
                for found in [tensors, cached] {
                    #expect(largestDifference(found.values, expected.values) < 4e-6, "\(variant)")
                    #expect(largestDifference(found.logSumExp, expected.logSumExp) < 4e-6, "\(variant)")
                }
                let paged = try attention.forward(
                    query: inputs.query, cache: Self.cache(inputs, pageLength: 32))
                #expect(areBitwiseEqual(cached.values, paged.values), "\(variant)")
                #expect(areBitwiseEqual(cached.logSumExp, paged.logSumExp), "\(variant)")
                let weights = try attention.weights(
                    query: inputs.query, cache: cache, sequence: 0, logSumExp: cached.logSumExp)
                let direct = try attention.weights(
                    query: inputs.query, key: inputs.key, logSumExp: cached.logSumExp)
                #expect(largestDifference(weights, direct) < 1e-6, "\(variant)")
            }
        }
    }

    /// The error that storage costs, at most and at least. A relative error ε of keys of size k moves a score
    /// by up to ε q k √D, and of values of size v the sum by ε v: here a few times 2⁻¹², 2⁻⁹ and 2⁻⁸.
    @Test(
        arguments: [(KeyValueStorage.float16, 5e-3), (.bfloat16, 4e-2), (.int8, 5e-2)],
        InstructionSet.available)
    func storageCostsItsRounding(_ storage: (KeyValueStorage, Double), _ instructionSet: InstructionSet)
        throws
    {
        for sizes in Self.sizes {
            let inputs = Inputs(sizes)
            let attention = AttentionOperator(mask: .causal, alignment: .bottomRight)
            let expected = try attention.reference(query: inputs.query, key: inputs.key, value: inputs.value)
            try InstructionSet.$forced.withValue(instructionSet) {
                let found = try attention(
                    query: inputs.query, cache: Self.cache(inputs, storage: storage.0, pageLength: 64))
                let error = Double(largestDifference(found, expected.values))
                #expect(error < storage.1, "\(sizes): \(error)")
                #expect(error > storage.1 / 1000, "\(sizes): \(error)")
                let contiguous = try attention(
                    query: inputs.query, cache: Self.cache(inputs, storage: storage.0))
                #expect(areBitwiseEqual(found, contiguous))
            }
        }
    }

    /// The same bits on any number of threads, alone and beside sequences of other lengths, and, up to eight,
    /// for any number of queries at once.
    @Test(arguments: KeyValueStorage.allCases, InstructionSet.available)
    func companyDoesNotMatter(_ storage: KeyValueStorage, _ instructionSet: InstructionSet) throws {
        let sizes = Sizes(heads: 6, keyHeads: 2, queries: 5, keys: 1100, keyWidth: 40, valueWidth: 24)
        let inputs = Inputs(sizes, batch: 3)
        let attention = AttentionOperator(
            mask: .slidingWindow(before: 700),
            sinks: try Tensor([Float](repeating: 0.5, count: 6), shape: [6]))
        try InstructionSet.$forced.withValue(instructionSet) {
            var cache = try Self.cache(inputs, storage: storage, pageLength: 64)
            try cache.truncate(sequence: 1, to: 30)
            try cache.truncate(sequence: 2, to: 777)
            let results = try [1, 2, 3].map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    try attention.forward(query: inputs.query, cache: cache)
                }
            }
            for other in results.dropFirst() {
                #expect(areBitwiseEqual(other.values, results[0].values))
                #expect(areBitwiseEqual(other.logSumExp, results[0].logSumExp))
            }
            for element in 0..<3 {
                let query = inputs.query.sliced(axis: 0, element..<element + 1)
                let together = results[0].values.sliced(axis: 0, element..<element + 1)
                let alone = try attention(query: query, cache: cache, sequences: [element])
                #expect(areBitwiseEqual(alone, together), "sequence \(element)")
                // The last query but two, as if it were the newest.
                var earlier = cache
                try earlier.truncate(sequence: element, to: cache.lengths[element] - 2)
                let one = try attention(
                    query: query.sliced(axis: 2, 2..<3), cache: earlier, sequences: [element])
                #expect(areBitwiseEqual(one, together.sliced(axis: 2, 2..<3)), "sequence \(element)")
            }
        }
    }

    /// Values beyond a sequence's end, or behind a mask, have no effect.
    @Test(arguments: KeyValueStorage.allCases, InstructionSet.available)
    func unusedSlotsDoNotLeak(_ storage: KeyValueStorage, _ instructionSet: InstructionSet) throws {
        for queries in [1, 4, 20] {
            let sizes = Sizes(
                heads: 4, keyHeads: 2, queries: queries, keys: 300, keyWidth: 24, valueWidth: 20)
            let inputs = Inputs(sizes)
            let attention = AttentionOperator(
                mask: .slidingWindow(before: 50) & .predicate { _, key, _ in key % 9 != 2 })
            try InstructionSet.$forced.withValue(instructionSet) {
                let cache = try Self.cache(inputs, storage: storage, pageLength: 32)
                let clean = try attention(query: inputs.query, cache: cache)
                // The same with poison before the window, at every ninth key, and after the end.
                func isHidden(_ key: Int) -> Bool { key < 300 - queries - 60 || key % 9 == 2 }
                let poisoned = Inputs(
                    inputs.query, inputs.key.replacing(with: .nan) { isHidden($0 / 24 % 300) },
                    inputs.value.replacing(with: .infinity) { isHidden($0 / 20 % 300) })
                var dirty = try Self.cache(poisoned, storage: storage, pageLength: 32)
                let tail = Tensor(repeating: .nan, shape: [1, 2, 7, 24])
                try dirty.append(keys: tail, values: tail.sliced(axis: 3, 0..<20))
                try dirty.truncate(sequence: 0, to: 300)
                let found = try attention(query: inputs.query, cache: dirty)
                #expect(areBitwiseEqual(found, clean), "\(queries) queries")
            }
        }
    }

    /// A visible NaN is not lost, whatever the storage.
    @Test(arguments: KeyValueStorage.allCases, InstructionSet.available)
    func visibleNaNsAreNotLost(_ storage: KeyValueStorage, _ instructionSet: InstructionSet) throws {
        let sizes = Sizes(heads: 2, keyHeads: 2, queries: 1, keys: 40, keyWidth: 24, valueWidth: 20)
        let inputs = Inputs(sizes)
        try InstructionSet.$forced.withValue(instructionSet) {
            for poison in [Float.nan, .infinity] {
                let bad = Inputs(
                    inputs.query, inputs.key, inputs.value.replacing(with: poison) { $0 == 33 * 20 + 5 })
                let found = try AttentionOperator()(
                    query: bad.query, cache: Self.cache(bad, storage: storage))
                #expect(!found.sliced(axis: 1, 0..<1).scalars[5].isFinite)
                #expect(found.sliced(axis: 1, 1..<2).scalars.allSatisfy { $0.isFinite })
            }
        }
    }

    /// Cross-attention of a decoder: packed or padded, a sequence has the bits that it has alone.
    @Test(arguments: InstructionSet.available)
    func tensorsOfManySequences(_ instructionSet: InstructionSet) throws {
        let lengths = [300, 20, 9, 64]
        let sizes = Sizes(heads: 4, keyHeads: 2, queries: 8, keys: 393, keyWidth: 24, valueWidth: 20)
        let inputs = Inputs(sizes)
        try InstructionSet.$forced.withValue(instructionSet) {
            let packed = try AttentionOperator(
                mask: BlockDiagonalMask(queryLengths: [2, 2, 2, 2], keyLengths: lengths)
            ).forward(query: inputs.query, key: inputs.key, value: inputs.value)
            var start = 0
            for (index, length) in lengths.enumerated() {
                let (rows, keys) = (2 * index..<2 * index + 2, start..<start + length)
                let query = inputs.query.sliced(axis: 2, rows)
                let alone = try AttentionOperator().forward(
                    query: query, key: inputs.key.sliced(axis: 2, keys),
                    value: inputs.value.sliced(axis: 2, keys))
                #expect(
                    areBitwiseEqual(alone.values, packed.values.sliced(axis: 2, rows)), "length \(length)")
                let padded = try AttentionOperator(mask: .keyPadding(lengths: [length], starts: [start]))
                    .forward(
                        query: query, key: inputs.key, value: inputs.value)
                #expect(areBitwiseEqual(alone.values, padded.values), "length \(length)")
                #expect(areBitwiseEqual(alone.logSumExp, padded.logSumExp), "length \(length)")
                start += length
            }
        }
    }
}

extension CachedAttentionTests.Inputs {
    init(_ query: Tensor, _ key: Tensor, _ value: Tensor) {
        (self.query, self.key, self.value) = (query, key, value)
    }
}
