import Attention
import AttentionFiles
import AttentionModels
import AttentionTensors
import TestSupport

/// A model in the form of minGPT's sorter of six digits, built from this package's layers and operations.
/// Parameters have minGPT's names.
struct Sorter: Parameterized {
    private var tokens, positions: Embedding
    private var blocks: [Block]
    private var norm: LayerNorm
    private var head: Linear

    static let (width, layers, heads) = (24, 2, 3)

    /// Receives every step of the computation under the name that the stored activations have.
    typealias Observer = (_ step: String, _ value: Tensor) throws -> Void

    /// Pre-norm: x ← x + attention(norm(x)); x ← x + feed-forward(norm(x)).
    private struct Block: Parameterized {
        var norm1, norm2: LayerNorm
        var queryKeyValue, project, expand, contract: Linear

        init(_ source: some WeightSource) throws {
            let width = Sorter.width
            norm1 = try LayerNorm(width: width, epsilon: 1e-5, from: source.scoped("ln_1"))
            norm2 = try LayerNorm(width: width, epsilon: 1e-5, from: source.scoped("ln_2"))
            queryKeyValue = try Linear(inputs: width, outputs: 3 * width, from: source.scoped("attn.c_attn"))
            project = try Linear(inputs: width, outputs: width, from: source.scoped("attn.c_proj"))
            expand = try Linear(inputs: width, outputs: 4 * width, from: source.scoped("mlp.c_fc"))
            contract = try Linear(inputs: 4 * width, outputs: width, from: source.scoped("mlp.c_proj"))
        }

        mutating func forEachParameter(_ body: ParameterVisitor) throws {
            try visit(&norm1, "ln_1", body)
            try visit(&queryKeyValue, "attn.c_attn", body)
            try visit(&project, "attn.c_proj", body)
            try visit(&norm2, "ln_2", body)
            try visit(&expand, "mlp.c_fc", body)
            try visit(&contract, "mlp.c_proj", body)
        }

        func callAsFunction(_ x: Tensor, _ observe: Observer?) throws -> Tensor {
            let normal = try norm1(x)
            try observe?("ln1", normal)
            let joined = try queryKeyValue(normal)
            try observe?("qkv", joined)
            let parts = try (0..<3).map {
                try joined.sliced(axis: 2, $0 * Sorter.width..<($0 + 1) * Sorter.width)
                    .splitIntoHeads(Sorter.heads)
            }
            for (name, part) in zip(["q", "k", "v"], parts) { try observe?(name, part) }
            let attention = AttentionOperator(mask: .causal)
            let attended = try attention.forward(query: parts[0], key: parts[1], value: parts[2])
            try observe?("att", attention.referenceScores(query: parts[0], key: parts[1], stage: .masked))
            try observe?(
                "attSm",
                attention.weights(query: parts[0], key: parts[1], logSumExp: attended.logSumExp))
            let y = try attended.values.concatenatingHeads()
            try observe?("y", y)
            let projected = try project(y)
            try observe?("yProj", projected)
            let middle = try x + projected
            try observe?("attnResid", middle)
            let normal2 = try norm2(middle)
            try observe?("ln2", normal2)
            try observe?("fc", expand(normal2))
            let hidden = try expand(normal2, activation: .geluTanh)
            try observe?("gelu", hidden)
            let fed = try contract(hidden)
            try observe?("mlp", fed)
            let result = try middle + fed
            try observe?("mlpResid", result)
            return result
        }
    }

    init(_ source: some WeightSource) throws {
        let transformer = source.scoped("transformer")
        tokens = try Embedding(count: 3, width: Self.width, from: transformer.scoped("wte"))
        positions = try Embedding(count: 11, width: Self.width, from: transformer.scoped("wpe"))
        blocks = try (0..<Self.layers).map { try Block(transformer.scoped("h.\($0)")) }
        norm = try LayerNorm(width: Self.width, epsilon: 1e-5, from: transformer.scoped("ln_f"))
        head = try Linear(inputs: Self.width, outputs: 3, hasBias: false, from: source.scoped("lm_head"))
    }

    mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&tokens, "transformer.wte", body)
        try visit(&positions, "transformer.wpe", body)
        try visit(&blocks, "transformer.h", body)
        try visit(&norm, "transformer.ln_f", body)
        try visit(&head, "lm_head", body)
    }

    /// - Parameter ids: Sequences of one length, N.
    /// - Returns: The logits, `[B, N, V]`.
    func callAsFunction(_ ids: [[Int]], observe: Observer? = nil) throws -> Tensor {
        let length = ids[0].count
        let shape: Shape = [ids.count, length, Self.width]
        let token = try tokens(ids.flatMap { $0 }).reshaped(to: shape)
        let position = try positions(ids.flatMap { _ in 0..<length }, what: "position").reshaped(to: shape)
        try observe?("tok_emb", token)
        try observe?("pos_emb", position.sliced(axis: 0, 0..<1))
        var x = try token + position
        try observe?("x", x)
        for (index, block) in blocks.enumerated() {
            // The stored activations within a block are those of the first one.
            x = try block(x, index == 0 ? observe : nil)
            try observe?("block\(index)", x)
        }
        let normal = try norm(x)
        try observe?("ln_f", normal)
        let logits = try head(normal)
        try observe?("lm_head", logits)
        try observe?("probs", logits.softmax())
        return logits
    }
}
