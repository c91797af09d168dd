import Attention
import AttentionTensors
import TestSupport
import Testing

/// Errors of single masks: numbers that are too large, and lengths that do not match.
@Suite struct MaskTests {
    let site = AttentionSite(batch: 0, head: 0, keys: 10)

    static let extremes = [Int.min, Int.min + 1, -1 << 40, -1, 0, 1, 5, 9, 10, 1 << 40, Int.max - 1, Int.max]

    @Test(arguments: extremes)
    func positionsOfAnySize(_ query: Int) {
        #expect(CausalMask().visibleKeys(query: query, at: site) == 0..<max(0, min(query, 9) + 1))
        for before in Self.extremes where before >= 0 {
            for after in Self.extremes where after >= 0 {
                let window = SlidingWindowMask(before: before, after: after)
                let seen = window.visibleKeys(query: query, at: site)
                for key in 0..<10 {
                    // The distances as fractions cannot overflow, and are exact where they decide.
                    let distance = Double(key) - Double(query)
                    let isInside = distance >= -Double(before) && distance <= Double(after)
                    guard abs(distance) < 0x1p52 || abs(abs(distance) - Double(before)) > 0x1p12 else {
                        continue
                    }
                    guard abs(distance) < 0x1p52 || abs(abs(distance) - Double(after)) > 0x1p12 else {
                        continue
                    }
                    #expect(
                        seen.contains(key) == isInside, "−\(before) … +\(after) from \(query), key \(key)")
                }
            }
        }
    }

    @Test func hugeOffsetsAreComputedOrRefused() throws {
        let tensor = Tensor.zeros([1, 1, 2, 4])
        for offset in [1 << 29, -(1 << 29)] {
            for mask in [CausalMask(), SlidingWindowMask(before: .max, after: .max)] as [any AttentionMask] {
                let attention = AttentionOperator(
                    mask: mask, bias: .alibi(heads: 1), alignment: .offset(offset))
                let found = try attention.forward(query: tensor, key: tensor, value: tensor)
                #expect(found.values.scalars.allSatisfy { $0 == 0 })
            }
        }
        for offset in [1 << 30, -(1 << 30), Int.max, Int.min, Int.max - 1, Int.min + 1] {
            let attention = AttentionOperator(mask: .causal, alignment: .offset(offset))
            let error = #expect(throws: TensorError.self) {
                try attention(query: tensor, key: tensor, value: tensor)
            }
            #expect(error?.description.contains("\(offset)") == true)
        }
    }

    @Test func alignmentsOfUnequalLengths() throws {
        // Every key alike: a query's weight is 1 / the number of keys that it sees.
        let (query, key) = (Tensor.zeros([1, 1, 2, 1]), Tensor.zeros([1, 1, 4, 1]))
        func seen(_ alignment: QueryAlignment) throws -> [Float] {
            let attention = AttentionOperator(mask: .causal, alignment: alignment)
            return try attention.forward(query: query, key: key, value: key).logSumExp.scalars
                .map { Float.exp2($0 * .log2e).rounded() }
        }
        #expect(try seen(.topLeft) == [1, 2])
        #expect(try seen(.bottomRight) == [3, 4])
        #expect(try seen(.offset(1)) == [2, 3])
        #expect(try seen(.offset(-1)) == [0, 1])
        #expect(try seen(.offset(100)) == [4, 4])
        #expect(try QueryAlignment.bottomRight.positions(queries: 5, keys: 3).first == -2)
    }

    @Test(arguments: [[0, -1], [0, 8], [0, Int.max], [0]])
    func keyPaddingChecksItsStarts(_ starts: [Int]) {
        let extent = AttentionExtent(batch: 2, heads: 1, queries: 4, keys: 10)
        let mask = KeyPaddingMask(lengths: [10, 3], starts: starts)
        #expect(throws: TensorError.self) { try mask.validate(for: extent) }
    }

    @Test func paddingOnTheLeftIsHidden() throws {
        var random = SeededGenerator(seed: 8)
        let (query, key) = (random.tensor([1, 2, 3, 5]), random.tensor([1, 2, 60, 5]))
        let padded = try AttentionOperator(mask: .keyPadding(lengths: [17], starts: [43]))(
            query: query, key: key, value: key)
        let real = key.sliced(axis: 2, 43..<60)
        #expect(areBitwiseEqual(padded, try attention(query: query, key: real, value: real)))
    }

    @Test(arguments: [[3], [3, 4, 5], [], [3, -1], [3, 11], [3, Int.max], [Int.min, 3]])
    func keyPaddingChecksItsLengths(_ lengths: [Int]) {
        let extent = AttentionExtent(batch: 2, heads: 1, queries: 4, keys: 10)
        let mask = KeyPaddingMask(lengths: lengths)
        #expect(throws: TensorError.self) { try mask.validate(for: extent) }
        // A combination checks both of its parts.
        #expect(throws: TensorError.self) { try (mask & .causal).validate(for: extent) }
        #expect(throws: TensorError.self) { try (.causal | mask).validate(for: extent) }
        let tensor = Tensor.zeros([2, 1, 10, 4])
        #expect(throws: TensorError.self) {
            try attention(query: tensor, key: tensor, value: tensor, mask: mask)
        }
    }

    @Test func blockDiagonalChecksItsLengths() throws {
        for lengths in [[-1], [3, -2, 4], [Int.max, 1], [Int.min]] {
            #expect(throws: TensorError.self) { try BlockDiagonalMask(queryLengths: lengths) }
        }
        #expect(throws: TensorError.self) { try BlockDiagonalMask(queryLengths: [1, 2], keyLengths: [3]) }
        let mask = try BlockDiagonalMask(queryLengths: [2, 3], keyLengths: [4, 1])
        try mask.validate(for: AttentionExtent(batch: 1, heads: 1, queries: 5, keys: 5))
        for (queries, keys) in [(4, 5), (5, 4), (6, 5), (0, 0)] {
            let extent = AttentionExtent(batch: 1, heads: 1, queries: queries, keys: keys)
            let error = #expect(throws: TensorError.self) { try mask.validate(for: extent) }
            #expect(error?.description.contains("5 queries and 5 keys") == true)
        }
        #expect(mask.visibleKeys(query: 1, at: site) == 0..<4)
        #expect(mask.visibleKeys(query: 2, at: site) == 4..<5)
        for outside in [-1, 5, Int.max, Int.min] {
            #expect(mask.visibleKeys(query: outside, at: site).isEmpty)
        }
        #expect(try BlockDiagonalMask(queryLengths: []).visibleKeys(query: 0, at: site).isEmpty)
    }

    @Test func crossAttentionOfPackedSequences() throws {
        var random = SeededGenerator(seed: 32)
        let (queryLengths, keyLengths) = ([3, 0, 200, 1], [5, 2, 0, 300])
        let query = random.tensor([1, 2, 204, 8])
        let (key, value) = (random.tensor([1, 2, 307, 8]), random.tensor([1, 2, 307, 8]))
        let mask = try BlockDiagonalMask(queryLengths: queryLengths, keyLengths: keyLengths)
        let found = try attention(query: query, key: key, value: value, mask: mask)
        var (q, k) = (0, 0)
        for (queries, keys) in zip(queryLengths, keyLengths) {
            let part = k..<k + keys
            let alone = try attention(
                query: query.sliced(axis: 2, q..<q + queries), key: key.sliced(axis: 2, part),
                value: value.sliced(axis: 2, part))
            #expect(areBitwiseEqual(alone, found.sliced(axis: 2, q..<q + queries)))
            (q, k) = (q + queries, k + keys)
        }
    }
}
