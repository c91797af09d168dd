import Attention
import AttentionFiles
import AttentionTensors
import TestSupport
import Testing

/// Cross-attention to sources in a cache: any number of queries, of any number of texts.
@Suite struct SourceAttentionTests {
    /// Sources of these lengths, and the runs of queries that look at them.
    static let lengths = [300, 5, 64, 0], runs = [3, 20, 1, 0, 9, 2, 4], sequences = [0, 1, 2, 0, 1, 3, 2]

    struct Inputs {
        let query, key, value: Tensor

        init(seed: UInt64 = 70) {
            var random = SeededGenerator(seed: seed)
            let (queries, keys) = (runs.reduce(0, +), lengths.reduce(0, +))
            query = random.tensor([queries, 4, 24], scale: 2)
            key = random.tensor([keys, 2, 24])
            value = random.tensor([keys, 2, 19])
        }
    }

    private static func cache(
        _ inputs: Inputs, storage: KeyValueStorage = .float32, pageLength: Int? = 32
    ) throws -> KeyValueCache {
        let layout = try KeyValueLayout(heads: 2, keyWidth: 24, valueWidth: 19, storage: storage)
        var cache =
            if let pageLength {
                try KeyValueCache(
                    sequences: lengths.count,
                    pool: KeyValuePagePool(layout: layout, pageLength: pageLength, pageLimit: 20))
            } else {
                try KeyValueCache(sequences: lengths.count, capacity: 300, layout: layout)
            }
        try cache.writeSources(
            packedKeys: inputs.key, values: inputs.value, runs: lengths, to: Array(lengths.indices))
        return cache
    }

    static let operators = [
        AttentionOperator(), AttentionOperator(score: .cosine(temperature: 0.1), softcap: 4),
        AttentionOperator(sinks: Tensor(shape: [4]) { for head in 0..<4 { $0[head] = Float(head) - 1 } }),
    ]

    @Test(arguments: operators, InstructionSet.available)
    func agreesWithTheReference(_ attention: AttentionOperator, _ instructionSet: InstructionSet) throws {
        let inputs = Inputs()
        try InstructionSet.$forced.withValue(instructionSet) {
            let cache = try Self.cache(inputs)
            let found = try attention.forward(
                packedQuery: inputs.query, runs: Self.runs, source: cache, sequences: Self.sequences)
            let packed = try attention(
                packedQuery: inputs.query, runs: Self.runs, source: cache, sequences: Self.sequences)
            #expect(areBitwiseEqual(packed, found.values.selecting(axis: 0, 0).transposed(0, 1)))
            var first = 0
            for (count, sequence) in zip(Self.runs, Self.sequences) {
                let rows = first..<first + count
                let start = Self.lengths[..<sequence].reduce(0, +)
                let keys = start..<start + Self.lengths[sequence]
                func heads(_ tensor: Tensor, _ rows: Range<Int>) throws -> Tensor {
                    try tensor.sliced(axis: 0, rows).transposed(0, 1).reshaped(
                        to: [1, tensor.shape[1], rows.count, tensor.shape[2]])
                }
                let expected = try attention.reference(
                    query: heads(inputs.query, rows), key: heads(inputs.key, keys),
                    value: heads(inputs.value, keys))
                #expect(
                    largestDifference(found.values.sliced(axis: 2, rows), expected.values) < 4e-6,
                    "\(count) queries of source \(sequence)")
                #expect(
                    largestDifference(found.logSumExp.sliced(axis: 2, rows), expected.logSumExp) < 4e-6)
                first += count
            }
        }
    }

    /// The same bits alone and in company, together and one at a time, on any number of threads, in pages and
    /// in contiguous memory, and through a copy of the sequence.
    @Test(arguments: KeyValueStorage.allCases, InstructionSet.available)
    func companyDoesNotMatter(_ storage: KeyValueStorage, _ instructionSet: InstructionSet) throws {
        let (inputs, attention) = (Inputs(), AttentionOperator())
        try InstructionSet.$forced.withValue(instructionSet) {
            var cache = try Self.cache(inputs, storage: storage)
            let all = try [1, 2, 3].map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    try attention(
                        packedQuery: inputs.query, runs: Self.runs, source: cache, sequences: Self.sequences)
                }
            }
            #expect(areBitwiseEqual(all[0], all[1]) && areBitwiseEqual(all[0], all[2]))
            let contiguous = try Self.cache(inputs, storage: storage, pageLength: nil)
            #expect(
                areBitwiseEqual(
                    all[0],
                    try attention(
                        packedQuery: inputs.query, runs: Self.runs, source: contiguous,
                        sequences: Self.sequences)))
            var first = 0
            for (count, sequence) in zip(Self.runs, Self.sequences) {
                let copy = try cache.addSequence(copying: sequence)
                let own = inputs.query.sliced(axis: 0, first..<first + count)
                let found = all[0].sliced(axis: 0, first..<first + count)
                for source in [sequence, copy] {
                    let alone = try attention(
                        packedQuery: own, runs: [count], source: cache, sequences: [source])
                    #expect(areBitwiseEqual(alone, found), "\(count) queries of \(source)")
                }
                if count <= 8 {
                    // As beams of one source, of which some have copies, and one after the other.
                    let beams = (0..<count).map { $0 % 2 == 0 ? sequence : copy }
                    let together = try attention(
                        packedQuery: own, runs: beams.map { _ in 1 }, source: cache, sequences: beams)
                    #expect(areBitwiseEqual(together, found))
                    for row in 0..<count {
                        let one = try attention(
                            packedQuery: own.sliced(axis: 0, row..<row + 1), runs: [1], source: cache,
                            sequences: [sequence])
                        #expect(areBitwiseEqual(one, found.sliced(axis: 0, row..<row + 1)))
                    }
                }
                first += count
            }
        }
    }

    /// A text that is read in pieces has the bits of one that is read at once.
    @Test(arguments: [0, 10, 64], InstructionSet.available)
    func piecesDoNotMatter(_ start: Int, _ instructionSet: InstructionSet) throws {
        let inputs = Inputs()
        let cut = AttentionOperator.cutLength
        try InstructionSet.$forced.withValue(instructionSet) {
            let cache = try Self.cache(inputs)
            let end = 2 * cut + 6
            var random = SeededGenerator(seed: 71)
            let query = random.tensor([end - start, 4, 24])
            let whole = try AttentionOperator()(
                packedQuery: query, runs: [end - start], source: cache, sequences: [0],
                firstPositions: [start])
            var first = start
            while first < end {
                let next = min((first / cut + 1) * cut, end)
                let rows = first - start..<next - start
                let piece = try AttentionOperator()(
                    packedQuery: query.sliced(axis: 0, rows), runs: [rows.count], source: cache,
                    sequences: [0], firstPositions: [first])
                #expect(areBitwiseEqual(piece, whole.sliced(axis: 0, rows)), "\(rows)")
                first = next
            }
        }
    }

    /// The module's results and weights are those of cross-attention without a cache.
    @Test(arguments: [KeyValueStorage.float32, .int8], InstructionSet.available)
    func module(_ storage: KeyValueStorage, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 72)
        let (runs, sequences, lengths) = ([1, 12, 2], [1, 0, 1], [40, 9])
        let (x, source) = (random.tensor([1, 15, 24]), random.tensor([1, 49, 24]))
        var module = try MultiHeadAttention(width: 24, heads: 3, using: &random)
        module.keyNorm = try RMSNorm(width: 8, gain: random.tensor([8]), epsilon: 1e-5)
        module.queryNorm = try RMSNorm(width: 8, gain: random.tensor([8]), epsilon: 1e-5)
        let most: Float = storage == .float32 ? 4e-6 : 5e-2
        try InstructionSet.$forced.withValue(instructionSet) {
            var cache = try KeyValueCache(
                sequences: 2, capacity: 50,
                layout: KeyValueLayout(heads: 3, keyWidth: 8, storage: storage))
            try module.remember(source, runs: lengths, in: &cache, sequences: [0, 1])
            var seen: [AttentionObservation] = []
            let found = try module(x, runs: runs, source: cache, sequences: sequences) { seen.append($0) }
            #expect(
                areBitwiseEqual(found, try module(x, runs: runs, source: cache, sequences: sequences)))
            #expect(seen.count == runs.count)
            var first = 0
            for (index, (count, sequence)) in zip(runs, sequences).enumerated() {
                let rows = first..<first + count
                let own = source.sliced(axis: 1, sequence == 0 ? 0..<40 : 40..<49)
                var weights: Tensor?
                let expected = try module(x.sliced(axis: 1, rows), key: own) { weights = try $0.weights() }
                #expect(largestDifference(found.sliced(axis: 1, rows), expected) < most)
                let observed = try seen[index].weights()
                #expect(largestDifference(observed, try #require(weights)) < most)
                let summary = try seen[index].weightSummary(rows: 1, columns: 3)
                #expect(summary.keyCount == lengths[sequence])
                first += count
            }
        }
    }

    @Test func aSourceIsWrittenOnce() throws {
        let inputs = Inputs()
        var cache = try Self.cache(inputs)
        let (one, value) = (inputs.key.sliced(axis: 0, 0..<1), inputs.value.sliced(axis: 0, 0..<1))
        #expect(try cache.isSource(0) && cache.isSource(3))
        func error(_ body: () throws -> Void) -> KeyValueCacheError? {
            #expect(throws: KeyValueCacheError.self, performing: body)
        }
        #expect(
            error { try cache.append(packedKeys: one, values: value, runs: [1], to: [2]) }
                == .isSource(sequence: 2))
        #expect(
            error { try cache.writeSources(packedKeys: one, values: value, runs: [1], to: [3]) }
                == .isSource(sequence: 3))
        #expect(error { try cache.truncate(sequence: 0, to: 7) } == .isSource(sequence: 0))
        #expect(error { _ = try cache.addSequence(copying: 0, length: 7) } == .isSource(sequence: 0))
        #expect(cache.lengths == Self.lengths)
        // Queries of a text do not stand in a source, and a text is no source.
        let query = inputs.query.sliced(axis: 0, 0..<1)
        #expect(
            error { _ = try AttentionOperator()(packedQuery: query, runs: [1], cache: cache, sequences: [0]) }
                == .isSource(sequence: 0))
        let text = cache.addSequence()
        try cache.append(packedKeys: one, values: value, runs: [1], to: [text])
        #expect(
            error {
                _ = try AttentionOperator()(packedQuery: query, runs: [1], source: cache, sequences: [text])
            } == .isNoSource(sequence: text))
        #expect(
            error { try cache.writeSources(packedKeys: one, values: value, runs: [1], to: [text]) }
                == .isNotEmpty(sequence: text, length: 1))
        #expect(
            error {
                _ = try AttentionOperator()(packedQuery: query, runs: [1], source: cache, sequences: [9])
            } == .noSuchSequence(9, count: 5))
        // Forgotten, it can be written again, and a copy keeps the old one.
        let copy = try cache.addSequence(copying: 2)
        let before = try AttentionOperator()(
            packedQuery: query, runs: [1], source: cache, sequences: [copy])
        try cache.truncate(sequence: 2, to: 0)
        try cache.writeSources(packedKeys: one, values: value, runs: [1], to: [2])
        let after = try AttentionOperator()(packedQuery: query, runs: [1], source: cache, sequences: [copy])
        #expect(areBitwiseEqual(before, after))
    }

    @Test func copiesShareMemoryAndAreSaved() throws {
        let inputs = Inputs()
        let layout = try KeyValueLayout(heads: 2, keyWidth: 24, valueWidth: 19)
        let pool = try KeyValuePagePool(layout: layout, pageLength: 32, pageLimit: 20)
        var cache = try KeyValueCache(sequences: 1, pool: pool)
        try cache.writeSources(packedKeys: inputs.key, values: inputs.value, runs: [369], to: [0])
        let free = pool.freePages
        for _ in 0..<5 { try cache.addSequence(copying: 0) }
        #expect(pool.freePages == free && cache.lengths == [Int](repeating: 369, count: 6))
        let saved = try cache.storedTensors(of: 3)
        var other = try KeyValueCache(sequences: 1, capacity: 369, layout: layout)
        try other.restore(
            0, positions: 0..<369, from: SavedCacheTests.Saved(saved), isSource: true)
        #expect(try other.isSource(0))
        let query = inputs.query.sliced(axis: 0, 0..<20)
        let (a, b) = (
            try AttentionOperator()(packedQuery: query, runs: [20], source: cache, sequences: [5]),
            try AttentionOperator()(packedQuery: query, runs: [20], source: other, sequences: [0])
        )
        #expect(areBitwiseEqual(a, b))
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let inputs = Inputs()
        let cache = try Self.cache(inputs)
        func message(
            _ attention: AttentionOperator = AttentionOperator(), rows: Int = 2, runs: [Int] = [2],
            sequences: [Int] = [0], firstPositions: [Int]? = nil
        ) -> String {
            let error = #expect(throws: TensorError.self) {
                try attention(
                    packedQuery: inputs.query.sliced(axis: 0, 0..<rows), runs: runs, source: cache,
                    sequences: sequences, firstPositions: firstPositions)
            }
            return error?.description ?? ""
        }
        #expect(message(AttentionOperator(mask: .causal)).contains("found CausalMask"))
        #expect(message(AttentionOperator(bias: .alibi(heads: 4))).contains("found a bias"))
        #expect(
            message(AttentionOperator(bias: try RelativePositionTests.bias(heads: 4)))
                .contains("found a bias"))
        #expect(message(rows: 3).contains("[2, Hq, 24]"))
        #expect(message(runs: [1, 1]).contains("runs of [1, 1]"))
        #expect(message(firstPositions: [1, 2]).contains("1 runs"))
        #expect(message(firstPositions: [-1]).contains("first positions [-1]"))
        let layout = try KeyValueLayout(heads: 2, keyWidth: 24, valueWidth: 19)
        var windowed = try KeyValueCache(sequences: 1, capacity: 400, layout: layout, window: 9)
        #expect(throws: TensorError.self) {
            try windowed.writeSources(packedKeys: inputs.key, values: inputs.value, runs: [369], to: [0])
        }
        var random = SeededGenerator(seed: 73)
        let module = try MultiHeadAttention(width: 24, heads: 3, using: &random)
        var own = try KeyValueCache(sequences: 1, capacity: 9, layout: KeyValueLayout(heads: 3, keyWidth: 8))
        for shape in [[2, 3, 24], [3, 24], [1, 3, 23]] {
            #expect(throws: TensorError.self) {
                try module.remember(.zeros(Shape(shape)), runs: [3], in: &own, sequences: [0])
            }
        }
        #expect(throws: KeyValueCacheError.full(sequence: 0, length: 0, capacity: 9, appending: 10)) {
            try module.remember(.zeros([1, 10, 24]), runs: [10], in: &own, sequences: [0])
        }
        #expect(try !own.isSource(0))
        try module.remember(.zeros([1, 3, 24]), runs: [3], in: &own, sequences: [0])
        #expect(throws: TensorError.self) {
            try module(.zeros([2, 3, 24]), runs: [3], source: own, sequences: [0])
        }
        #expect(try module(.zeros([1, 3, 24]).watched(), runs: [3], source: own, sequences: [0]).isWatched)
    }
}
