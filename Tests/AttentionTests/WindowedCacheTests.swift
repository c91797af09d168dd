import Attention
import AttentionTensors
import TestSupport
import Testing

/// Caches that keep a window, and runs of unequal lengths, beside caches that keep everything and sequences
/// alone.
@Suite struct WindowedCacheTests {
    static let width = 24

    static func layout(_ storage: KeyValueStorage = .float32) throws -> KeyValueLayout {
        try KeyValueLayout(heads: 2, keyWidth: width, valueWidth: 20, storage: storage)
    }

    struct Inputs {
        let query, key, value: Tensor

        init(_ positions: Int, seed: UInt64 = 1) {
            var random = SeededGenerator(seed: seed)
            query = random.tensor([1, 4, positions, width], scale: 2)
            key = random.tensor([1, 2, positions, width])
            value = random.tensor([1, 2, positions, 20])
        }

        func append(_ part: Range<Int>, to cache: inout KeyValueCache) throws {
            try cache.append(keys: key.sliced(axis: 2, part), values: value.sliced(axis: 2, part))
        }
    }

    /// Prompts in pieces shorter and longer than the window, then steps; answers have the same bits, and
    /// memory stays.
    @Test(arguments: KeyValueStorage.allCases, [1, 50, 64, 300])
    func keepsItsWindow(_ storage: KeyValueStorage, _ window: Int) throws {
        let inputs = Inputs(1500)
        for score in [.scaledDotProduct(), .cosine(temperature: 0.1)] as [ScoreFunction] {
            let attention = AttentionOperator(score: score, mask: .slidingWindow(before: window - 1))
            var whole = try KeyValueCache(sequences: 1, capacity: 1500, layout: Self.layout(storage))
            var kept = try KeyValueCache(
                sequences: 1, capacity: 1500, layout: Self.layout(storage), window: window)
            var first = 0
            for count in [3, 500, 1, 1, 70, 8, 400, 2, 9, 300, 1, 1, 128, 1] {
                let part = first..<first + count
                try inputs.append(part, to: &whole)
                try inputs.append(part, to: &kept)
                let query = inputs.query.sliced(axis: 2, part)
                let expected = try attention.forward(query: query, cache: whole)
                let found = try attention.forward(query: query, cache: kept)
                #expect(areBitwiseEqual(found.values, expected.values), "\(part)")
                #expect(areBitwiseEqual(found.logSumExp, expected.logSumExp), "\(part)")
                let held = kept.byteCount / (try Self.layout(storage)).bytesPerPosition
                #expect(held <= window - 1 + count + 2 * 64, "\(part)")
                first = part.upperBound
            }
            #expect(kept.lengths == [first])
            let weights = try attention.weights(
                query: inputs.query.sliced(axis: 2, first - 1..<first), cache: kept, sequence: 0,
                logSumExp: attention.forward(
                    query: inputs.query.sliced(axis: 2, first - 1..<first), cache: kept
                )
                .logSumExp)
            #expect(weights.shape == [1, 4, 1, first])
        }
    }

    @Test func goesBackAsFarAsItKeeps() throws {
        let (inputs, window) = (Inputs(1000), 100)
        let attention = AttentionOperator(mask: .slidingWindow(before: window - 1))
        var cache = try KeyValueCache(sequences: 1, capacity: 1000, layout: Self.layout(), window: window)
        try inputs.append(0..<500, to: &cache)
        try inputs.append(500..<508, to: &cache)
        // All that was appended last, and on from there.
        try cache.truncate(sequence: 0, to: 500)
        try inputs.append(500..<501, to: &cache)
        var whole = try KeyValueCache(sequences: 1, capacity: 1000, layout: Self.layout())
        try inputs.append(0..<501, to: &whole)
        let query = inputs.query.sliced(axis: 2, 500..<501)
        #expect(
            areBitwiseEqual(
                try attention(query: query, cache: cache), try attention(query: query, cache: whole)))
        // Page 384 … is the first that is kept: position 483 sees it from its beginning, 482 more.
        #expect(try cache.keptPositions(of: 0) == 384..<501)
        #expect(throws: KeyValueCacheError.forgotten(sequence: 0, first: 384, to: 482)) {
            try cache.truncate(sequence: 0, to: 482)
        }
        #expect(throws: KeyValueCacheError.forgotten(sequence: 0, first: 384, to: 7)) {
            try cache.addSequence(copying: 0, length: 7)
        }
        #expect(cache.lengths == [501])
        let copy = try cache.addSequence(copying: 0, length: 483)
        try cache.append(
            packedKeys: inputs.key.sliced(axis: 2, 483..<501).reshaped(to: [2, 18, Self.width]).transposed(
                0, 1),
            values: inputs.value.sliced(axis: 2, 483..<501).reshaped(to: [2, 18, 20]).transposed(0, 1),
            runs: [18], to: [copy])
        let both = try attention(query: query, cache: cache, sequences: [copy])
        #expect(areBitwiseEqual(both, try attention(query: query, cache: whole)))
        try cache.truncate(sequence: 0, to: 0)
        #expect(try cache.keptPositions(of: 0) == 0..<0)
        try cache.removeSequence(copy)
        #expect(cache.byteCount == 0)
    }

    /// Sequences that share pages behind a window, and go on differently.
    @Test func copiesBehindAWindow() throws {
        let (inputs, others) = (Inputs(400), Inputs(400, seed: 2))
        let attention = AttentionOperator(mask: .slidingWindow(before: 99))
        var kept = try KeyValueCache(sequences: 1, capacity: 400, layout: Self.layout(), window: 100)
        var whole = try KeyValueCache(sequences: 1, capacity: 400, layout: Self.layout())
        for part in [0..<300, 300..<310] {
            try inputs.append(part, to: &kept)
            try inputs.append(part, to: &whole)
        }
        #expect(try kept.keptPositions(of: 0) == 192..<310)
        try kept.addSequence(copying: 0)
        try whole.addSequence(copying: 0)
        for (sequence, source) in [inputs, others].enumerated() {
            let part = 310..<315
            let (keys, values) = (source.key.sliced(axis: 2, part), source.value.sliced(axis: 2, part))
            try kept.append(keys: keys, values: values, to: [sequence])
            try whole.append(keys: keys, values: values, to: [sequence])
        }
        for sequence in 0..<2 {
            let query = inputs.query.sliced(axis: 2, 314..<315)
            let found = try attention(query: query, cache: kept, sequences: [sequence])
            let expected = try attention(query: query, cache: whole, sequences: [sequence])
            #expect(areBitwiseEqual(found, expected), "sequence \(sequence)")
        }
    }

    /// A mask that needs keys from before the window is an error. The dropped memory is never read.
    @Test func refusesToLookFurther() throws {
        let inputs = Inputs(300)
        var cache = try KeyValueCache(sequences: 1, capacity: 300, layout: Self.layout(), window: 100)
        try inputs.append(0..<100, to: &cache)
        let query = inputs.query.sliced(axis: 2, 99..<100)
        _ = try AttentionOperator(mask: .causal)(query: query, cache: cache)
        try inputs.append(100..<250, to: &cache)
        try inputs.append(250..<300, to: &cache)
        for mask in [CausalMask() as any AttentionMask, SlidingWindowMask(before: 100), FullMask()] {
            #expect(throws: TensorError.self) {
                try AttentionOperator(mask: mask)(query: query, cache: cache)
            }
        }
        // More queries than were appended since pages were given back.
        #expect(throws: TensorError.self) {
            try AttentionOperator(mask: .slidingWindow(before: 99))(query: inputs.query, cache: cache)
        }
        for window in [0, -1] {
            #expect(throws: TensorError.self) {
                try KeyValueCache(sequences: 1, capacity: 10, layout: Self.layout(), window: window)
            }
        }
    }

    /// Packed runs of any lengths have the bits that each sequence has alone.
    @Test(arguments: [nil, 40], InstructionSet.available)
    func packedRuns(_ window: Int?, _ instructionSet: InstructionSet) throws {
        let histories = [0, 333, 40, 5, 90]
        let runs = [70, 1, 8, 0, 9]
        let all = runs.indices.map { Inputs(histories[$0] + runs[$0], seed: UInt64($0)) }
        let mask: any AttentionMask = window.map { SlidingWindowMask(before: $0 - 1) } ?? CausalMask()
        let attention = AttentionOperator(mask: mask, bias: .alibi(heads: 4))
        func cache(_ sequences: Int) throws -> KeyValueCache {
            try KeyValueCache(sequences: sequences, capacity: 500, layout: Self.layout(), window: window)
        }
        /// `[rows, heads, …]`
        func packed(_ tensor: (Inputs) -> Tensor) throws -> Tensor {
            try .concatenating(
                all.indices.filter { runs[$0] > 0 }.map { index in
                    let whole = tensor(all[index])
                    let rows = whole.sliced(axis: 2, histories[index]..<histories[index] + runs[index])
                        .transposed(1, 2)
                    return try rows.contiguous().reshaped(to: Shape(Array(rows.shape.dropFirst())))
                }, axis: 0)
        }
        try InstructionSet.$forced.withValue(instructionSet) {
            var together = try cache(all.count)
            for (index, inputs) in all.enumerated() {
                let part = 0..<histories[index]
                try together.append(
                    keys: inputs.key.sliced(axis: 2, part), values: inputs.value.sliced(axis: 2, part),
                    to: [index])
            }
            try together.append(packedKeys: packed(\.key), values: packed(\.value), runs: runs)
            let found = try attention(packedQuery: packed(\.query), runs: runs, cache: together)
            #expect(found.shape == [88, 4, 20])
            var row = 0
            for (index, inputs) in all.enumerated() where runs[index] > 0 {
                let (history, run) = (histories[index], runs[index])
                var alone = try cache(1)
                try inputs.append(0..<history, to: &alone)
                try inputs.append(history..<history + run, to: &alone)
                let expected = try attention(
                    query: inputs.query.sliced(axis: 2, history..<history + run), cache: alone)
                let own = try found.sliced(axis: 0, row..<row + run).reshaped(to: [1, run, 4, 20])
                #expect(areBitwiseEqual(own, expected.transposed(1, 2)), "sequence \(index)")
                row += run
            }
        }
    }

    @Test func wrongRunsAreRefused() throws {
        var cache = try KeyValueCache(sequences: 2, capacity: 10, layout: Self.layout())
        let (keys, values) = (Tensor.zeros([5, 2, Self.width]), Tensor.zeros([5, 2, 20]))
        for runs in [[5], [2, 2], [-1, 6], [3, 3], [.max, 1]] {
            #expect(throws: TensorError.self) {
                try cache.append(packedKeys: keys, values: values, runs: runs)
            }
        }
        #expect(throws: TensorError.self) {
            try cache.append(packedKeys: keys, values: values, runs: [2, 3], to: [1, 1])
        }
        try cache.append(packedKeys: keys, values: values, runs: [2, 3])
        #expect(cache.lengths == [2, 3])
        #expect(throws: KeyValueCacheError.full(sequence: 0, length: 2, capacity: 10, appending: 9)) {
            try cache.append(
                packedKeys: Tensor.zeros([9, 2, Self.width]), values: Tensor.zeros([9, 2, 20]), runs: [9, 0])
        }
        let query = Tensor.zeros([3, 4, Self.width])
        _ = try AttentionOperator()(packedQuery: query, runs: [1, 2], cache: cache)
        for runs in [[3, 0], [1, 1], [3]] {
            #expect(throws: TensorError.self) {
                try AttentionOperator()(packedQuery: query, runs: runs, cache: cache)
            }
        }
        #expect(throws: TensorError.self) {
            try AttentionOperator(mask: .keyPadding(lengths: [2]))(
                packedQuery: query, runs: [1, 2], cache: cache)
        }
    }
}
