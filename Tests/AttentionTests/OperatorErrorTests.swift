import Attention
import AttentionTensors
import TestSupport
import Testing

/// Inputs that do not match are refused with a message that says what was expected and what was found.
@Suite struct OperatorErrorTests {
    func message(
        _ query: Shape, _ key: Shape, _ value: Shape, _ attention: AttentionOperator = AttentionOperator()
    ) -> String {
        let (query, key, value) = (Tensor.zeros(query), Tensor.zeros(key), Tensor.zeros(value))
        let error = #expect(throws: TensorError.self) {
            try attention.forward(query: query, key: key, value: value)
        }
        let reference = #expect(throws: TensorError.self) {
            try attention.reference(query: query, key: key, value: value)
        }
        #expect(error == reference)
        return error?.description ?? ""
    }

    @Test func shapes() {
        #expect(
            message([2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]).contains(
                "query: expected shape [B, Hq, Nq, D], found [2, 3, 4]"))
        #expect(
            message([1, 2, 3, 4], [1, 2, 3], [1, 2, 3, 4]).contains("key: expected shape [1, Hkv, Nk, 4]"))
        #expect(message([1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 3, 4]).contains("found [1, 2, 3, 5]"))
        #expect(message([1, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4]).contains("key"))
        #expect(
            message([1, 2, 3, 4], [1, 2, 5, 4], [1, 2, 6, 4]).contains("value: expected shape [1, 2, 5, Dv]"))
        #expect(message([1, 2, 3, 4], [1, 2, 5, 4], [1, 1, 5, 4]).contains("value"))
        #expect(message([1, 2, 3, 4], [1, 2, 5, 4], [4]).contains("value"))
        #expect(
            message([1, 5, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]).contains(
                "5 query heads cannot share 2 key heads"))
        #expect(message([1, 5, 3, 4], [1, 0, 3, 4], [1, 0, 3, 4]).contains("0 key heads"))
    }

    @Test(arguments: [0, -1, .nan, .infinity] as [Float])
    func numbers(_ bad: Float) {
        let shape: Shape = [1, 1, 2, 3]
        #expect(message(shape, shape, shape, AttentionOperator(softcap: bad)).contains("a softcap of \(bad)"))
        #expect(
            message(shape, shape, shape, AttentionOperator(score: .cosine(temperature: bad)))
                .contains("a temperature of \(bad)"))
    }

    @Test(arguments: [
        [], [3], [2, 4], [3, 3], [2, 2, 3], [3, 2, 2, 3], [1, 1, 2, 2], [1, 1, 1, 2, 3], [0, 3],
    ])
    func biases(_ extents: [Int]) {
        let bias = AttentionBias.additive(.zeros(Shape(extents)))
        let text = message([2, 4, 2, 5], [2, 4, 3, 5], [2, 4, 3, 5], AttentionOperator(bias: bias))
        #expect(text.contains("attention bias: expected shape [2, 4, 2, 3]"))
        #expect(text.contains("found \(Shape(extents))"))
    }

    @Test(arguments: [
        [2, 3], [1, 3], [4, 2, 3], [1, 2, 3], [4, 1, 3], [2, 4, 2, 3], [1, 1, 1, 3], [2, 1, 2, 3],
        [1, 4, 1, 3],
    ])
    func biasesThatFit(_ extents: [Int]) throws {
        var random = SeededGenerator(seed: 80)
        let (query, key) = (random.tensor([2, 4, 2, 5]), random.tensor([2, 4, 3, 5]))
        let bias = random.tensor(Shape(extents), scale: 3)
        let attention = AttentionOperator(bias: .additive(bias))
        let expected = try attention.reference(query: query, key: key, value: key)
        #expect(largestDifference(try attention(query: query, key: key, value: key), expected.values) < 2e-6)
        // The same bias in full, and through strides.
        let full = try Tensor(
            Self.places(2, 4, 2, 3).map { place in
                bias.elementAt(zip(place.suffix(extents.count), extents).map { min($0, $1 - 1) })
            }, shape: [2, 4, 2, 3])
        let turned = full.transposed(2, 3).contiguous().transposed(2, 3)
        for same in [full, turned] {
            let found = try AttentionOperator(bias: .additive(same))(query: query, key: key, value: key)
            #expect(areBitwiseEqual(found, try attention(query: query, key: key, value: key)))
        }
    }

    private static func places(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> [[Int]] {
        (0..<a * b * c * d).map { [$0 / d / c / b, $0 / d / c % b, $0 / d % c, $0 % d] }
    }

    @Test func slopes() {
        let text = message(
            [1, 4, 2, 3], [1, 4, 2, 3], [1, 4, 2, 3], AttentionOperator(bias: .alibi(slopes: [1, 2, 3])))
        #expect(text.contains("3 ALiBi slopes for 4 heads"))
    }

    @Test func weights() throws {
        let tensor = Tensor.zeros([1, 2, 3, 4])
        let attention = AttentionOperator()
        let good = Tensor.zeros([1, 2, 3])
        func message(_ logSumExp: Tensor, _ heads: [Int]? = nil, _ queries: Range<Int>? = nil) -> String {
            let error = #expect(throws: TensorError.self) {
                try attention.weights(
                    query: tensor, key: tensor, logSumExp: logSumExp, heads: heads, queries: queries)
            }
            return error?.description ?? ""
        }
        #expect(
            message(.zeros([1, 2, 4])).contains("log-sum-exp: expected shape [1, 2, 3], found [1, 2, 4]"))
        for head in [-1, 2, Int.max, Int.min] {
            #expect(message(good, [0, head]).contains("no head \(head)"))
        }
        for queries in [-1..<2, 0..<4, 3..<5, 0..<Int.max] {
            #expect(message(good, nil, queries).contains("queries \(queries) of 3"))
        }
        #expect(
            try attention.weights(query: tensor, key: tensor, logSumExp: good, heads: []).shape == [
                1, 0, 3, 3,
            ])
        #expect(
            try attention.weights(query: tensor, key: tensor, logSumExp: good, heads: [1, 1], queries: 2..<2)
                .shape
                == [1, 2, 0, 3])
    }

    @Test(arguments: InstructionSet.available)
    func emptyExtents(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            // No heads, no queries, no keys, no width, no value width, no batch.
            for (query, key, value) in [
                ([1, 0, 3, 4], [1, 0, 3, 4], [1, 0, 3, 4]), ([1, 2, 0, 4], [1, 2, 3, 4], [1, 2, 3, 4]),
                ([1, 2, 3, 4], [1, 2, 0, 4], [1, 2, 0, 4]), ([1, 2, 3, 0], [1, 2, 5, 0], [1, 2, 5, 4]),
                ([1, 2, 3, 4], [1, 2, 5, 4], [1, 2, 5, 0]), ([0, 2, 3, 4], [0, 2, 5, 4], [0, 2, 5, 4]),
            ] as [(Shape, Shape, Shape)] {
                for mask in [FullMask(), CausalMask(), PredicateMask { _, key, _ in key % 2 == 0 }]
                    as [any AttentionMask]
                {
                    let attention = AttentionOperator(mask: mask)
                    let (query, key) = (Tensor.zeros(query), Tensor.zeros(key))
                    let value = Tensor(repeating: 2, shape: value)
                    let found = try attention.forward(query: query, key: key, value: value)
                    let expected = try attention.reference(query: query, key: key, value: value)
                    #expect(largestDifference(found.values, expected.values) < 1e-6)
                    let (a, b) = (found.logSumExp, expected.logSumExp)
                    #expect(largestDifference(a, b) < 1e-6)
                    #expect(
                        try attention.weights(query: query, key: key, logSumExp: a).shape.last == key.shape[2]
                    )
                }
            }
        }
    }
}

extension Tensor {
    /// The element at an index that is known only at run time.
    fileprivate func elementAt(_ index: [Int]) -> Float {
        scalars[zip(index, shape.contiguousStrides).reduce(0) { $0 + $1.0 * $1.1 }]
    }
}
