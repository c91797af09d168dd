import Attention
import AttentionTensors
import TestSupport

/// An ONNX case in this package's terms: layouts, caches and masks of its own translated.
struct ONNXProblem {
    let attention: AttentionOperator
    /// `[B, H, N, D]`; keys and values with the past in front.
    let query, key, value: Tensor
    let isPacked: Bool

    struct Unsupported: Error { let what: String }

    init(_ test: ONNXCase, _ tensors: [String: StoredTensor]) throws {
        let attributes = test.attributes
        func input(_ place: Int) throws -> StoredTensor? {
            guard place < test.inputs.count, !test.inputs[place].isEmpty else { return nil }
            guard let tensor = tensors[test.inputs[place]] else {
                throw Unsupported(what: test.inputs[place])
            }
            return tensor
        }
        func heads(_ place: Int, _ count: Int?) throws -> Tensor {
            guard let tensor = try input(place)?.float32() else { throw Unsupported(what: "input \(place)") }
            return tensor.rank == 3 ? try tensor.splitIntoHeads(count ?? 0) : tensor
        }
        isPacked = try input(0)?.shape.rank == 3
        query = try heads(0, attributes.qNumHeads)
        var (key, value) = (try heads(1, attributes.kvNumHeads), try heads(2, attributes.kvNumHeads))
        var past = 0
        if let pastKey = try input(4)?.float32(), let pastValue = try input(5)?.float32() {
            past = pastKey.shape[2]
            key = try .concatenating([pastKey, key], axis: 2)
            value = try .concatenating([pastValue, value], axis: 2)
        }
        (self.key, self.value) = (key, value)
        let lengths = try input(6)?.int64s()
        var (mask, bias) = try Self.maskAndBias(input(3), keys: key.shape[2])
        if let lengths { mask = mask & .keyPadding(lengths: lengths) }
        if attributes.isCausal == 1 {
            mask = mask & Self.window(before: -1, after: 0, lengths: lengths, queries: query.shape[2])
        }
        if attributes.left >= 0 || attributes.right >= 0 {
            mask =
                mask
                & Self.window(
                    before: attributes.left, after: attributes.right, lengths: lengths,
                    queries: query.shape[2])
        }
        attention = AttentionOperator(
            score: .scaledDotProduct(scale: attributes.scale), softcap: attributes.softcap, mask: mask,
            bias: bias, alignment: .offset(past))
    }

    /// A query's position is that after the past. Where a cache's filled lengths are given instead, the last
    /// query stands at the last of them, in each batch element at another place.
    private static func window(
        before: Int, after: Int, lengths: [Int]?, queries: Int
    ) -> any AttentionMask {
        let before = before < 0 ? 1 << 20 : before
        let after = after < 0 ? 1 << 20 : after
        guard let lengths else {
            return before == 1 << 20 && after == 0 ? .causal : .slidingWindow(before: before, after: after)
        }
        return .predicate { query, key, site in
            let position = query + lengths[site.batch] - queries
            return key >= position - before && key <= position + after
        }
    }

    private static func maskAndBias(
        _ stored: StoredTensor?, keys: Int
    ) throws -> (mask: any AttentionMask, bias: AttentionBias) {
        guard let stored else { return (.full, .none) }
        if stored.elementType == .bool {
            let allowed = stored.withUnsafeBytes { $0.map { $0 != 0 } }
            return (.booleans(allowed, shape: stored.shape), .none)
        }
        var bias = try stored.float32()
        let missing = keys - bias.shape[bias.rank - 1]
        if missing > 0 {  // a mask that is too short ends in masked keys
            let rest = bias.shape.extents.dropLast() + [missing]
            bias = try .concatenating(
                [bias, Tensor(repeating: -.infinity, shape: Shape(Array(rest)))], axis: bias.rank - 1)
        }
        return (.full, .additive(bias))
    }
}
