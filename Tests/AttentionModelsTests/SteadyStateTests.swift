import Attention
import AttentionModels
import AttentionTensors
import TestSupport
import Testing

/// Repeated steps take all tensor memory from the pool. The pool counts for the whole process, so each count
/// runs in a process of its own.
@Suite struct SteadyStateTests {
    /// x + Attention(LN(x)), then x + FFN(LN(x)).
    struct Block: Parameterized {
        var attention: MultiHeadAttention
        var feedForward: FeedForward
        let norm: LayerNorm

        init(width: Int, using random: inout SeededGenerator) throws {
            attention = try MultiHeadAttention(
                width: width, heads: 4, attention: AttentionOperator(mask: .causal), using: &random)
            feedForward = FeedForward(
                expand: try Linear(weight: random.tensor([4 * width, width]), bias: .zeros([4 * width])),
                contract: try Linear(weight: random.tensor([width, 4 * width]), bias: .zeros([width])),
                activation: .gelu)
            norm = try LayerNorm(width: width, gain: nil, bias: nil, epsilon: 1e-5)
        }

        func callAsFunction(_ x: Tensor) throws -> Tensor {
            let attended = try attention(norm(x)) + x
            return try feedForward(norm(attended)) + attended
        }

        mutating func forEachParameter(_ body: ParameterVisitor) throws {
            try visit(&attention, "attention", body)
            try visit(&feedForward, "feedForward", body)
        }
    }

    struct Stack: Parameterized {
        var blocks: [Block]

        mutating func forEachParameter(_ body: ParameterVisitor) throws {
            try visit(&blocks, "blocks", body)
        }
    }

    @Test func aTrainingStep() async {
        await #expect(processExitsWith: .success) {
            var random = SeededGenerator(seed: 1)
            var model = Stack(blocks: [
                try Block(width: 64, using: &random), try Block(width: 64, using: &random),
            ])
            let x = random.tensor([2, 50, 64])
            try model.watchParameters()
            func step() throws {
                var hidden = x
                for block in model.blocks { hidden = try block(hidden) }
                let gradient = try model.parameterGradients(of: (hidden * hidden).sum())
                hidden = x
                try model.forEachParameter { name, parameter in
                    parameter = try (parameter.detached() + gradient[name]! * -1e-6).watched()
                }
            }
            for _ in 0..<3 { try step() }
            let before = MemoryPool.statistics.systemAllocations
            for _ in 0..<10 { try step() }
            #expect(MemoryPool.statistics.systemAllocations == before)
        }
    }

    @Test func aDecodingStep() async {
        await #expect(processExitsWith: .success) {
            var random = SeededGenerator(seed: 2)
            let width = 64
            let layers = try (0..<2).map { _ in
                try (0..<4).map { _ in try Linear(weight: random.tensor([width, width], scale: 0.1)) }
            }
            let layout = try KeyValueLayout(heads: 2, keyWidth: 16)
            var caches = try layers.map { _ in
                try KeyValueCache(sequences: 3, capacity: 200, layout: layout)
            }
            let narrow = try (0..<2).map { _ in
                try (0..<2).map { _ in try Linear(weight: random.tensor([32, width], scale: 0.1)) }
            }
            let attention = AttentionOperator(mask: .causal)
            var hidden = random.tensor([3, 1, width])
            func step() throws {
                for (index, layer) in layers.enumerated() {
                    try caches[index].append(
                        keys: narrow[index][0](hidden).splitIntoHeads(2),
                        values: narrow[index][1](hidden).splitIntoHeads(2))
                    let attended = try attention(
                        query: layer[0](hidden).splitIntoHeads(4), cache: caches[index])
                    hidden = try layer[3](attended.concatenatingHeads()) + hidden
                }
            }
            for _ in 0..<20 { try step() }
            let before = MemoryPool.statistics.systemAllocations
            for _ in 0..<100 { try step() }
            #expect(MemoryPool.statistics.systemAllocations == before)
        }
    }
}
