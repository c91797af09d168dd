import Attention
import AttentionTensors
import TestSupport
import Testing

/// The bookkeeping of a cache: lengths, pages, sharing, errors.
@Suite struct KeyValueCacheTests {
    static func layout(_ storage: KeyValueStorage = .float32) throws -> KeyValueLayout {
        try KeyValueLayout(heads: 2, keyWidth: 24, valueWidth: 7, storage: storage)
    }

    static func numbers(_ count: Int, batch: Int? = nil, seed: UInt64 = 1) -> (keys: Tensor, values: Tensor) {
        var random = SeededGenerator(seed: seed)
        let lead = batch.map { [$0] } ?? []
        return (
            random.tensor(Shape(lead + [2, count, 24])), random.tensor(Shape(lead + [2, count, 7]))
        )
    }

    @Test func lengthsGrowAndAreCut() throws {
        var cache = try KeyValueCache(sequences: 2, capacity: 100, layout: Self.layout())
        let both = Self.numbers(5, batch: 2)
        try cache.append(keys: both.keys, values: both.values)
        let more = Self.numbers(90)
        try cache.append(keys: more.keys, values: more.values, to: 1)
        #expect(cache.lengths == [5, 95])
        try cache.truncate(sequence: 1, to: 3)
        #expect(cache.lengths == [5, 3])
        let added = cache.addSequence()
        #expect(added == 2)
        try cache.removeSequence(0)
        #expect(cache.lengths == [3, 0])
    }

    @Test func aFullCacheSaysSoAndTakesNothing() throws {
        var cache = try KeyValueCache(sequences: 2, capacity: 10, layout: Self.layout())
        let some = Self.numbers(8)
        try cache.append(keys: some.keys, values: some.values, to: 1)
        let three = Self.numbers(3, batch: 2)
        #expect(throws: KeyValueCacheError.full(sequence: 1, length: 8, capacity: 10, appending: 3)) {
            try cache.append(keys: three.keys, values: three.values)
        }
        #expect(cache.lengths == [0, 8])
    }

    @Test func pagesAreTakenSharedAndGivenBack() throws {
        let pool = try KeyValuePagePool(layout: Self.layout(), pageLength: 32, pageLimit: 5)
        var cache = try KeyValueCache(sequences: 1, pool: pool)
        let first = Self.numbers(70)
        try cache.append(keys: first.keys, values: first.values, to: 0)
        #expect(pool.freePages == 2)
        // A sequence that begins alike takes no page until one of the two writes.
        let copy = try cache.addSequence(copying: 0, length: 40)
        #expect(copy == 1)
        #expect(pool.freePages == 2)
        let one = Self.numbers(1, seed: 2)
        try cache.append(keys: one.keys, values: one.values, to: 1)
        #expect(cache.lengths == [70, 41])
        #expect(pool.freePages == 1)
        let many = Self.numbers(64, seed: 3)
        #expect(throws: KeyValueCacheError.outOfPages(needed: 2, free: 1)) {
            try cache.append(keys: many.keys, values: many.values, to: 0)
        }
        #expect(cache.lengths == [70, 41] && pool.freePages == 1)
        try cache.removeSequence(0)
        #expect(pool.freePages == 3)
        try cache.truncate(sequence: 0, to: 0)
        #expect(pool.freePages == 5)
    }

    /// A sequence that ends where a page does holds no page more than that.
    @Test func pagesThatAreFull() throws {
        let pool = try KeyValuePagePool(layout: Self.layout(), pageLength: 32, pageLimit: 10)
        var cache = try KeyValueCache(sequences: 1, pool: pool)
        func append(_ count: Int) throws {
            let new = Self.numbers(count)
            try cache.append(keys: new.keys, values: new.values, to: 0)
        }
        for (count, used) in [(32, 1), (31, 2), (1, 2), (1, 3), (63, 4), (1, 5)] {
            try append(count)
            #expect(pool.freePages == 10 - used, "\(cache.lengths)")
        }
        for (length, used) in [(129, 5), (128, 4), (97, 4), (96, 3), (32, 1), (1, 1), (0, 0)] {
            try cache.truncate(sequence: 0, to: length)
            #expect(pool.freePages == 10 - used, "\(length)")
        }
    }

    @Test(arguments: [true, false])
    func copiesAreValues(_ isPaged: Bool) throws {
        let pool = try KeyValuePagePool(layout: Self.layout(), pageLength: 32, pageLimit: 20)
        var cache =
            isPaged
            ? try KeyValueCache(sequences: 1, pool: pool)
            : try KeyValueCache(sequences: 1, capacity: 200, layout: Self.layout())
        var random = SeededGenerator(seed: 4)
        let query = random.tensor([1, 2, 1, 24])
        let first = Self.numbers(50)
        try cache.append(keys: first.keys, values: first.values, to: 0)
        let before = try AttentionOperator()(query: query, cache: cache)
        var copy = cache
        try cache.addSequence(copying: 0)
        for (target, seed) in [(0, UInt64(5)), (1, 6)] {
            let more = Self.numbers(20, seed: seed)
            try cache.append(keys: more.keys, values: more.values, to: target)
        }
        let after = try AttentionOperator()(query: query, cache: copy)
        #expect(areBitwiseEqual(after, before))
        let more = Self.numbers(20, seed: 5)
        try copy.append(keys: more.keys, values: more.values, to: 0)
        let copied = try AttentionOperator()(query: query, cache: copy)
        let all = try [0, 1].map { try AttentionOperator()(query: query, cache: cache, sequences: [$0]) }
        #expect(areBitwiseEqual(copied, all[0]))
        #expect(!areBitwiseEqual(copied, all[1]))
    }

    @Test func wrongShapesAndSequencesAreRefused() throws {
        var cache = try KeyValueCache(sequences: 1, capacity: 10, layout: Self.layout())
        let good = Self.numbers(2)
        #expect(throws: TensorError.self) {
            try cache.append(keys: good.values, values: good.values, to: 0)
        }
        #expect(throws: TensorError.self) {
            try cache.append(keys: good.keys, values: good.values)
        }
        #expect(throws: TensorError.self) {
            try cache.append(keys: good.keys, values: good.values.sliced(axis: 1, 0..<1), to: 0)
        }
        #expect(throws: KeyValueCacheError.noSuchSequence(1, count: 1)) {
            try cache.append(keys: good.keys, values: good.values, to: 1)
        }
        #expect(throws: KeyValueCacheError.noSuchSequence(-1, count: 1)) {
            try cache.truncate(sequence: -1, to: 0)
        }
        #expect(throws: KeyValueCacheError.cannotTruncate(sequence: 0, length: 0, to: 1)) {
            try cache.truncate(sequence: 0, to: 1)
        }
        #expect(throws: TensorError.self) { try KeyValueLayout(heads: 0, keyWidth: 8) }
        #expect(throws: TensorError.self) {
            try KeyValueCache(sequences: 1, capacity: .max, layout: Self.layout())
        }
        #expect(throws: TensorError.self) {
            try KeyValuePagePool(layout: Self.layout(), pageLength: 40, pageLimit: 1)
        }
        // Asking: more queries than positions, another width, no such sequence.
        let query = Tensor.zeros([1, 4, 1, 24])
        #expect(throws: TensorError.self) { try AttentionOperator()(query: query, cache: cache) }
        try cache.append(keys: good.keys, values: good.values, to: 0)
        #expect(throws: TensorError.self) {
            try AttentionOperator()(query: Tensor.zeros([1, 4, 1, 23]), cache: cache)
        }
        #expect(throws: TensorError.self) {
            try AttentionOperator()(query: Tensor.zeros([1, 3, 1, 24]), cache: cache)
        }
        #expect(throws: KeyValueCacheError.noSuchSequence(3, count: 1)) {
            try AttentionOperator()(query: query, cache: cache, sequences: [3])
        }
    }
}
