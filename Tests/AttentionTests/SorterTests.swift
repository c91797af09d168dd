import Attention
import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// minGPT's trained sorter, built out of this package's layers and operations: every activation that was published with it.
@Suite(.enabled(if: Locations.data != nil, "needs the published model: set ATTENTION_TEST_DATA"))
struct SorterTests {
    private static let (layers, heads, width) = (3, 3, 48)

    /// The activations of one forward pass, by the names under which they are published; the inner ones are block 0's.
    private static func activations(
        _ weights: SafetensorsFile, _ ids: [Int], batch: Int
    ) throws -> [String: Tensor] {
        var found: [String: Tensor] = [:]
        let (length, body) = (ids.count / batch, weights.scoped("transformer"))
        let tokens = try Embedding(count: 3, width: width, from: body.scoped("wte"))(ids)
        let positions = try Embedding(count: 11, width: width, from: body.scoped("wpe"))(Array(0..<length))
        found["tok_emb"] = try tokens.reshaped(to: [batch, length, width])
        found["pos_emb"] = try positions.reshaped(to: [1, length, width])
        let places = try Embedding(positions)(ids.indices.map { $0 % length })
        var x = try (tokens + places).reshaped(to: [batch, length, width])
        found["x"] = x
        for layer in 0..<layers {
            x = try block(body.scoped("h.\(layer)"), x) { name, tensor in
                if layer == 0 { found[name] = tensor }
            }
            found["block\(layer)"] = x
        }
        let last = try LayerNorm(width: width, epsilon: 1e-5, from: body.scoped("ln_f"))(x)
        found["ln_f"] = last
        let logits = try Linear(inputs: width, outputs: 3, hasBias: false, from: weights.scoped("lm_head"))(
            last)
        found["lm_head"] = logits
        found["probs"] = try logits.softmax()
        return found
    }

    /// x ← x + Attention(LayerNorm(x)); x ← x + FeedForward(LayerNorm(x))
    private static func block(
        _ weights: ScopedWeights, _ x: Tensor, _ show: (String, Tensor) -> Void
    ) throws -> Tensor {
        func linear(_ name: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
            try Linear(inputs: inputs, outputs: outputs, from: weights.scoped(name))
        }
        let normal = try LayerNorm(width: width, epsilon: 1e-5, from: weights.scoped("ln_1"))(x)
        let joined = try linear("attn.c_attn", width, 3 * width)(normal)
        let parts = try (0..<3).map {
            try joined.sliced(axis: 2, $0 * width..<($0 + 1) * width).splitIntoHeads(heads)
        }
        let attention = AttentionOperator(mask: .causal)
        let result = try attention.forward(query: parts[0], key: parts[1], value: parts[2])
        let attended = try result.values.concatenatingHeads()
        let projected = try linear("attn.c_proj", width, width)(attended)
        let residual = try x + projected
        let inner = try LayerNorm(width: width, epsilon: 1e-5, from: weights.scoped("ln_2"))(residual)
        let expanded = try linear("mlp.c_fc", width, 4 * width)(inner)
        let active = try Activation.geluTanh(expanded)
        let contracted = try linear("mlp.c_proj", 4 * width, width)(active)
        let output = try residual + contracted
        let scores = try attention.referenceScores(query: parts[0], key: parts[1], stage: .masked)
        let softmax = try attention.weights(query: parts[0], key: parts[1], logSumExp: result.logSumExp)
        for (name, tensor) in [
            ("ln1", normal), ("qkv", joined), ("q", parts[0]), ("k", parts[1]), ("v", parts[2]),
            ("att", scores),
            ("attSm", softmax), ("y", attended), ("yProj", projected), ("attnResid", residual),
            ("ln2", inner),
            ("fc", expanded), ("gelu", active), ("mlp", contracted), ("mlpResid", output),
        ] {
            show(name, tensor)
        }
        return output
    }

    @Test(arguments: InstructionSet.available)
    func everyActivation(_ instructionSet: InstructionSet) throws {
        let folder = try #require(Locations.data).appendingPathComponent("gpt-nano-sort")
        let weights = try SafetensorsFile(path: folder.appendingPathComponent("model.safetensors").path)
        let published = try SafetensorsFile(path: folder.appendingPathComponent("partials.safetensors").path)
        func expected(_ name: String) throws -> Tensor {
            let stored = try published.storedTensor(named: name)
            return try #require(stored).float32()
        }
        let ids = try expected("idx")
        try InstructionSet.$forced.withValue(instructionSet) {
            let found = try Self.activations(weights, ids.scalars.map { Int($0) }, batch: ids.shape[0])
            #expect(Set(found.keys).union(["idx"]) == Set(published.tensorNames))
            for (name, tensor) in found {
                let difference = try largestDifference(tensor, expected(name))
                #expect(difference < 1e-5, "\(name) differs by \(difference)")
            }
        }
    }
}
