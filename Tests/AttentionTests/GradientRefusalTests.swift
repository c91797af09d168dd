import Attention
import AttentionTensors
import TestSupport
import Testing

/// A gradient through a result that has no backward pass is an error. It is never left out silently.
@Suite struct GradientRefusalTests {
    /// [B, H, N, D]
    private static func rows(_ seed: UInt64, length: Int = 5) -> Tensor {
        var random = SeededGenerator(seed: seed)
        return random.tensor([1, 2, length, 4])
    }

    private static func expectRefusal(
        of result: Tensor, at point: Tensor, through operation: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(result.isWatched, sourceLocation: sourceLocation)
        // A part with a gradient beside it must not hide the one without.
        let loss = try result.sum() + point.sum()
        #expect(
            throws: GradientError.noBackwardPass(operation: operation), sourceLocation: sourceLocation
        ) { try gradients(of: loss, at: [point]) }
        let detached = try result.detached().sum() + point.sum()
        #expect(
            try gradients(of: detached, at: [point])[0].scalars.allSatisfy { $0 == 1 },
            sourceLocation: sourceLocation)
    }

    private static func cache(_ keys: Tensor, _ values: Tensor) throws -> KeyValueCache {
        var cache = try KeyValueCache(
            sequences: 1, capacity: 16, layout: KeyValueLayout(heads: 2, keyWidth: 4))
        try cache.append(keys: keys, values: values)
        return cache
    }

    @Test func attentionOverACache() throws {
        let (q, k, v) = (Self.rows(1), Self.rows(2), Self.rows(3))
        let watched = (q.watched(), k.watched(), v.watched())
        let attention = AttentionOperator()
        let operation = "attention over a cache"
        try Self.expectRefusal(
            of: attention(query: watched.0, cache: Self.cache(k, v)), at: watched.0, through: operation)
        try Self.expectRefusal(
            of: attention(query: q, cache: Self.cache(watched.1, v)), at: watched.1, through: operation)
        try Self.expectRefusal(
            of: attention(query: q, cache: Self.cache(k, watched.2)), at: watched.2, through: operation)
        let output = try attention.forward(query: watched.0, cache: Self.cache(k, v))
        try Self.expectRefusal(of: output.logSumExp, at: watched.0, through: operation)
        try Self.expectRefusal(
            of: attention.weights(
                query: watched.0, cache: Self.cache(k, v), sequence: 0, logSumExp: output.logSumExp),
            at: watched.0, through: operation)
        let sinks = Tensor.zeros([2]).watched()
        try Self.expectRefusal(
            of: AttentionOperator(sinks: sinks)(query: q, cache: Self.cache(k, v)), at: sinks,
            through: operation)
        #expect(try !attention(query: q, cache: Self.cache(k, v)).isWatched)
        // The numbers are those of tensors that are not watched.
        #expect(
            areBitwiseEqual(
                try attention(query: watched.0, cache: Self.cache(watched.1, watched.2)),
                try attention(query: q, cache: Self.cache(k, v))))
    }

    /// Every way of appending marks the sequence, a copy keeps the mark, and an empty sequence has none.
    @Test func watchedRowsOfACache() throws {
        let (q, k, v) = (Self.rows(1, length: 1), Self.rows(2), Self.rows(3))
        let attention = AttentionOperator()
        let layout = try KeyValueLayout(heads: 2, keyWidth: 4)
        func one(_ tensor: Tensor) -> Tensor { tensor.selecting(axis: 0, 0) }
        let ways: [(inout KeyValueCache) throws -> Void] = [
            { try $0.append(keys: k.watched(), values: v, to: [0]) },
            { try $0.append(keys: one(k), values: one(v.watched()), to: 0) },
            {
                try $0.append(
                    packedKeys: one(k.watched()).transposed(0, 1), values: one(v).transposed(0, 1),
                    runs: [5], to: [0])
            },
        ]
        for append in ways {
            var cache = try KeyValueCache(sequences: 2, capacity: 16, layout: layout)
            try append(&cache)
            try cache.append(keys: k, values: v, to: [1])
            #expect(try attention(query: q, cache: cache, sequences: [0]).isWatched)
            #expect(try !attention(query: q, cache: cache, sequences: [1]).isWatched)
            let copy = try cache.addSequence(copying: 0, length: 3)
            #expect(try attention(query: q, cache: cache, sequences: [copy]).isWatched)
            try cache.truncate(sequence: 0, to: 0)
            try cache.append(keys: k, values: v, to: [0])
            #expect(try !attention(query: q, cache: cache, sequences: [0]).isWatched)
        }
    }

    @Test func layerOverACache() throws {
        var random = SeededGenerator(seed: 4)
        var layer = try MultiHeadAttention(width: 8, heads: 2, using: &random)
        try layer.watchParameters()
        var cache = try KeyValueCache(
            sequences: 1, capacity: 16, layout: KeyValueLayout(heads: 2, keyWidth: 4))
        let result = try layer(random.tensor([1, 3, 8]), runs: [3], cache: &cache, sequences: [0])
        #expect(throws: GradientError.noBackwardPass(operation: "attention over a cache")) {
            try layer.parameterGradients(of: result.sum())
        }
    }

    @Test func weightsSummariesAndReferences() throws {
        let (q, k, v) = (Self.rows(1).watched(), Self.rows(2), Self.rows(3))
        let attention = AttentionOperator()
        let output = try attention.forward(query: q, key: k, value: v)
        try Self.expectRefusal(of: output.logSumExp, at: q, through: "log-sum-exp of attention")
        try Self.expectRefusal(
            of: attention.weights(query: q, key: k, logSumExp: output.logSumExp), at: q,
            through: "weights of attention")
        let summary = try attention.weightSummary(
            query: q, key: k, logSumExp: output.logSumExp, rows: 2, columns: 2)
        for part in [summary.means, summary.maxima] {
            try Self.expectRefusal(of: part, at: q, through: "summary of attention's weights")
        }
        let reference = try attention.reference(query: q, key: k, value: v)
        for part in [reference.values, reference.logSumExp] {
            try Self.expectRefusal(of: part, at: q, through: "reference attention")
        }
        try Self.expectRefusal(
            of: attention.referenceScores(query: q, key: k, stage: .weights), at: q,
            through: "reference scores")
        let gradients = try attention.backward(
            query: q, key: k, value: v, output: output, outputGradient: v)
        for part in [gradients.query, gradients.key, gradients.value] {
            try Self.expectRefusal(of: #require(part), at: q, through: "backward pass of attention")
        }
    }

    @Test func rotaryTablesAreConstants() throws {
        let table = Tensor.zeros([3, 2])
        for (cosines, sines) in [(table.watched(), table), (table, table.watched())] {
            #expect(throws: TensorError.noGradient(tensor: "rotary angles")) {
                try RotaryAngles(cosines: cosines, sines: sines, pairing: .halves)
            }
        }
    }
}
