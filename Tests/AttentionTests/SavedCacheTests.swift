import Attention
import AttentionTensors
import TestSupport
import Testing

/// A sequence's keys and values as tensors for a file, and back.
@Suite struct SavedCacheTests {
    static func layout(_ storage: KeyValueStorage, heads: Int = 2, width: Int = 24) throws -> KeyValueLayout {
        try KeyValueLayout(heads: heads, keyWidth: width, valueWidth: 37, storage: storage)
    }

    /// Tensors by name, as a file holds them.
    struct Saved: WeightSource {
        var label = "saved.safetensors"
        var tensors: [String: StoredTensor]

        init(_ tensors: [StoredTensor]) {
            self.tensors = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
        }

        var tensorNames: [String] { tensors.keys.sorted() }
        func storedTensor(named name: String) -> StoredTensor? { tensors[name] }
    }

    static func filled(
        _ storage: KeyValueStorage, _ count: Int, window: Int? = nil, seed: UInt64 = 1
    ) throws -> KeyValueCache {
        var random = SeededGenerator(seed: seed)
        var cache = try KeyValueCache(sequences: 1, capacity: 400, layout: layout(storage), window: window)
        for part in [count / 2, count - count / 2] {
            try cache.append(keys: random.tensor([1, 2, part, 24]), values: random.tensor([1, 2, part, 37]))
        }
        return cache
    }

    @Test(arguments: KeyValueStorage.allCases, [nil, 50])
    func comesBackBitForBit(_ storage: KeyValueStorage, _ window: Int?) throws {
        for count in [0, 1, 64, 333] {
            let cache = try Self.filled(storage, count, window: window)
            let saved = Saved(try cache.storedTensors(of: 0, prefix: "layers.3."))
            #expect(saved.tensorNames == ["layers.3.keys", "layers.3.values"])
            var other = try Self.filled(storage, 77, window: window, seed: 9)
            let added = other.addSequence()
            for sequence in [0, added] {
                try other.restore(
                    sequence, positions: cache.keptPositions(of: 0), from: saved, prefix: "layers.3.")
            }
            #expect(other.lengths == [count, count])
            // Both go on as the first would have.
            var random = SeededGenerator(seed: 5)
            let query = random.tensor([1, 4, 1, 24])
            let next = (keys: random.tensor([1, 2, 1, 24]), values: random.tensor([1, 2, 1, 37]))
            let attention = AttentionOperator(mask: .slidingWindow(before: (window ?? 1000) - 1))
            var first = cache
            try first.append(keys: next.keys, values: next.values)
            let expected = try attention(query: query, cache: first)
            for sequence in [0, added] {
                try other.append(keys: next.keys, values: next.values, to: [sequence])
                let found = try attention(query: query, cache: other, sequences: [sequence])
                #expect(areBitwiseEqual(found, expected), "\(count), sequence \(sequence)")
            }
        }
    }

    /// A cache whose pages are longer than those of the one that was saved.
    @Test(arguments: KeyValueStorage.allCases)
    func comesBackInLongerPages(_ storage: KeyValueStorage) throws {
        let pool = try KeyValuePagePool(layout: Self.layout(storage), pageLength: 32, pageLimit: 20)
        var cache = try KeyValueCache(sequences: 1, capacity: 400, pool: pool, window: 50)
        var random = SeededGenerator(seed: 1)
        for count in [150, 1, 30] {
            try cache.append(
                keys: random.tensor([1, 2, count, 24]), values: random.tensor([1, 2, count, 37]))
        }
        // In pages of 64 positions, the first one is kept from its middle on.
        #expect(try cache.keptPositions(of: 0) == 96..<181)
        let saved = Saved(try cache.storedTensors(of: 0))
        var other = try Self.filled(storage, 77, window: 50, seed: 9)
        try other.restore(0, positions: 96..<181, from: saved)
        let attention = AttentionOperator(mask: .slidingWindow(before: 49))
        for count in [1, 70, 1] {
            let query = random.tensor([1, 4, count, 24])
            let (keys, values) = (random.tensor([1, 2, count, 24]), random.tensor([1, 2, count, 37]))
            try cache.append(keys: keys, values: values)
            try other.append(keys: keys, values: values)
            let expected = try attention(query: query, cache: cache)
            #expect(areBitwiseEqual(try attention(query: query, cache: other), expected), "\(count)")
        }
    }

    @Test func refusesOtherLayouts() throws {
        let cache = try Self.filled(.float16, 100)
        let saved = Saved(try cache.storedTensors(of: 0))
        func restore(
            _ layout: KeyValueLayout, _ positions: Range<Int>, _ source: Saved, window: Int? = nil,
            sequence: Int = 0
        ) throws {
            var target = try KeyValueCache(sequences: 1, capacity: 150, layout: layout, window: window)
            defer { #expect(target.lengths == [0]) }
            try target.restore(sequence, positions: positions, from: source)
        }
        let layout = try Self.layout(.float16)
        func expectRefused(_ field: String, _ body: () throws -> Void) {
            #expect { try body() } throws: {
                guard case KeyValueCacheError.cannotRestore(_, let found, _, _) = $0 else { return false }
                return found == field
            }
        }
        expectRefused("type of 'keys'") { try restore(Self.layout(.int8), 0..<100, saved) }
        expectRefused("type of 'keys'") { try restore(Self.layout(.float32), 0..<100, saved) }
        expectRefused("shape of 'keys'") { try restore(Self.layout(.float16, heads: 1), 0..<100, saved) }
        expectRefused("shape of 'keys'") { try restore(Self.layout(.float16, width: 25), 0..<100, saved) }
        expectRefused("shape of 'keys'") { try restore(layout, 0..<99, saved) }
        expectRefused("shape of 'keys'") { try restore(layout, 0..<101, saved) }
        expectRefused("length") { try restore(layout, 0..<151, saved) }
        expectRefused("first position") { try restore(layout, 10..<110, saved) }
        expectRefused("first position") { try restore(layout, -1..<99, saved) }
        expectRefused("first position") { try restore(layout, 40..<140, saved, window: 102) }
        #expect(throws: KeyValueCacheError.noSuchSequence(1, count: 1)) {
            try restore(layout, 0..<100, saved, sequence: 1)
        }
        var half = saved
        half.tensors["values"] = nil
        #expect(throws: TensorError.self) { try restore(layout, 0..<100, half) }
        let pool = try KeyValuePagePool(layout: layout, pageLength: 32, pageLimit: 3)
        var small = try KeyValueCache(sequences: 1, pool: pool)
        #expect(throws: KeyValueCacheError.self) { try small.restore(0, positions: 0..<100, from: saved) }
        #expect(pool.freePages == 3)
    }
}
