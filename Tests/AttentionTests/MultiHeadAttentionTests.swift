import Attention
import AttentionTensors
import TestSupport
import Testing

/// The module's initial weights, its errors, and its results in a batch. `MultiHeadFixtureTests` compares
/// numbers.
@Suite struct MultiHeadAttentionTests {
    private func seeded(_ seed: UInt64, width: Int = 24, heads: Int = 3) throws -> MultiHeadAttention {
        var generator = SeededGenerator(seed: seed)
        return try MultiHeadAttention(width: width, heads: heads, using: &generator)
    }

    @Test func oneSeedOneModule() throws {
        var random = SeededGenerator(seed: 1)
        let x = random.tensor([2, 7, 24])
        let first = try seeded(5)(x)
        #expect(first.shape == [2, 7, 24])
        #expect(areBitwiseEqual(first, try seeded(5)(x)))
        #expect(!areBitwiseEqual(first, try seeded(6)(x)))
        let unseeded = try (0..<2).map { _ in try MultiHeadAttention(width: 24, heads: 3)(x) }
        #expect(!areBitwiseEqual(unseeded[0], unseeded[1]))
        #expect(first.scalars.allSatisfy { $0.isFinite && abs($0) < 10 })
    }

    @Test(arguments: [(24, 5), (0, 1), (24, 0), (-4, 2), (24, -3), (3, 24)])
    func widthMustDivide(_ width: Int, _ heads: Int) {
        let error = #expect(throws: TensorError.self) { try MultiHeadAttention(width: width, heads: heads) }
        #expect(error?.description.contains("\(width)") == true)
        #expect(error?.description.contains("\(heads) heads") == true)
    }

    @Test func partsMustFit() throws {
        func linear(_ inputs: Int, _ outputs: Int) throws -> Linear {
            try Linear(weight: .zeros([outputs, inputs]))
        }
        let (square, half) = (try linear(8, 8), try linear(8, 4))
        func module(_ heads: Int, _ shared: Int?, _ parts: [Linear]) throws -> MultiHeadAttention {
            try MultiHeadAttention(
                heads: heads, keyValueHeads: shared, query: parts[0], key: parts[1], value: parts[2],
                output: parts[3])
        }
        #expect(try module(4, 2, [square, half, half, square]).keyValueHeads == 2)
        #expect(try module(4, 1, [square, linear(8, 2), linear(5, 3), linear(12, 8)]).width == 8)
        for (heads, shared, parts) in [
            (4, 3, [square, square, square, square]), (4, 0, [square, square, square, square]),
            (0, nil, [square, square, square, square]), (3, nil, [square, square, square, square]),
            (4, nil, [square, half, square, square]), (4, nil, [square, square, half, square]),
            (4, nil, [square, square, square, try linear(4, 8)]), (4, 2, [square, square, half, square]),
        ] as [(Int, Int?, [Linear])] {
            #expect(throws: TensorError.self) { try module(heads, shared, parts) }
        }
    }

    @Test func inputsMustFit() throws {
        let module = try seeded(1)
        for shape in [[7, 24], [2, 7, 23], [24], [1, 2, 7, 24], []] as [[Int]] {
            #expect(throws: TensorError.self) { try module(.zeros(Shape(shape))) }
        }
        let x = Tensor.zeros([2, 7, 24])
        #expect(throws: TensorError.self) { try module(x, key: .zeros([1, 7, 24])) }
        #expect(throws: TensorError.self) { try module(x, key: .zeros([2, 7, 25])) }
        #expect(throws: TensorError.self) { try module(x, value: .zeros([2, 6, 24])) }
        #expect(throws: TensorError.self) { try module(x, mask: .keyPadding(lengths: [7])) }
        #expect(try module(.zeros([2, 0, 24])).shape == [2, 0, 24])
        #expect(try module(.zeros([0, 7, 24])).shape == [0, 7, 24])
        #expect(try module(x, key: .zeros([2, 0, 24])).shape == [2, 7, 24])
    }

    @Test func storedFormsThatAreNotSupportedAreNamed() {
        for name in ["bias_k", "bias_v"] {
            let weights = InMemoryWeights(label: "m.safetensors", [name: .zeros([1, 1, 8])])
            let error = #expect(throws: TensorError.self) {
                try MultiHeadAttention(width: 8, heads: 2, pyTorch: weights)
            }
            #expect(error?.description.contains("m.safetensors holds '\(name)'") == true)
        }
        #expect(throws: TensorError.missingTensor(name: "q_proj_weight", source: "memory")) {
            try MultiHeadAttention(width: 8, heads: 2, pyTorch: InMemoryWeights([:]))
        }
        let wrong = InMemoryWeights(["in_proj_weight": .zeros([24, 7])])
        let error = #expect(throws: TensorError.self) {
            try MultiHeadAttention(width: 8, heads: 2, pyTorch: wrong)
        }
        #expect(error?.description.contains("expected shape [24, 8], found [24, 7]") == true)
        #expect(throws: TensorError.missingTensor(name: "q.weight", source: "memory")) {
            try MultiHeadAttention(
                width: 8, heads: 2, named: .init(query: "q", key: "k", value: "v", output: "o"),
                from: InMemoryWeights([:]))
        }
    }

    @Test func masksOfACallReplaceTheModules() throws {
        var module = try seeded(2)
        var random = SeededGenerator(seed: 2)
        let x = random.tensor([1, 9, 24])
        let (plain, causal) = (try module(x), try module(x, mask: .causal))
        #expect(!areBitwiseEqual(plain, causal))
        module.attention.mask = .causal
        #expect(areBitwiseEqual(try module(x), causal))
        #expect(areBitwiseEqual(try module(x, mask: .full), plain))
    }

    @Test func errorsOfTheObserverAreThrown() throws {
        struct Stop: Error, Equatable {}
        let module = try seeded(3)
        #expect(throws: Stop()) { try module(.zeros([1, 2, 24])) { _ in throw Stop() } }
    }

    @Test(arguments: InstructionSet.available)
    func companyChangesNothing(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 4)
        let x = random.tensor([3, 90, 24])
        let lengths = [90, 1, 37]
        try InstructionSet.$forced.withValue(instructionSet) {
            let module = try seeded(4)
            let batch = try module(x, mask: .keyPadding(lengths: lengths))
            let parts = lengths.enumerated().map { x.sliced(axis: 0, $0..<$0 + 1).sliced(axis: 1, 0..<$1) }
            let packed = try module(
                .concatenating(parts, axis: 1), mask: BlockDiagonalMask(queryLengths: lengths))
            var start = 0
            for (element, length) in lengths.enumerated() {
                let alone = try module(parts[element])
                #expect(
                    areBitwiseEqual(
                        alone, batch.sliced(axis: 0, element..<element + 1).sliced(axis: 1, 0..<length)))
                #expect(areBitwiseEqual(alone, packed.sliced(axis: 1, start..<start + length)))
                start += length
            }
            let threaded = try [1, 2, 3].map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) { try module(x) }
            }
            #expect(areBitwiseEqual(threaded[0], threaded[1]) && areBitwiseEqual(threaded[0], threaded[2]))
        }
    }
}
