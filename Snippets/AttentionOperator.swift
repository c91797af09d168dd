// Attention itself: the operator, its variations, its weights, its gradients and a decoder's cache.

// snippet.attention
import SwiftAttention

// [batch, heads, positions, head width]
let q = Tensor(repeating: 0.5, shape: [1, 8, 1000, 64])
let k = Tensor(repeating: 0.25, shape: [1, 8, 1000, 64])
let v = Tensor(repeating: 1, shape: [1, 8, 1000, 64])

let output = try attention(query: q, key: k, value: v, mask: .causal)
// snippet.end

// snippet.variations
// Cosine scores, a softcap, a window over packed sequences and ALiBi together.
let windowed = AttentionOperator(
    score: .cosine(temperature: 0.1), softcap: 30,
    mask: .slidingWindow(before: 255) & (try BlockDiagonalMask(queryLengths: [700, 300])),
    bias: .alibi(heads: 8))
let result = try windowed.forward(query: q, key: k, value: v)

// The fast path stores no weights. They are recomputed for the heads and rows that you ask for.
let weights = try windowed.weights(
    query: q, key: k, logSumExp: result.logSumExp, heads: [3], queries: 990..<1000)
// snippet.end

// snippet.gradients
let weight = Tensor(repeating: 0.01, shape: [64, 64]).watched()
let hidden = try Linear(weight: weight)(q, activation: .gelu)
let attended = try attention(query: hidden, key: k, value: v, mask: .causal)
let loss = try (attended * attended).sum()
let gradient = try gradients(of: loss, at: [weight])[0]
// snippet.end

// snippet.cache
let layout = try KeyValueLayout(heads: 8, keyWidth: 64, storage: .float16)
var cache = try KeyValueCache(sequences: 1, capacity: 4096, layout: layout)
try cache.append(keys: k, values: v)
let token = Tensor(repeating: 0.5, shape: [1, 8, 1, 64])
let next = try AttentionOperator(mask: .causal)(query: token, cache: cache)
// snippet.end
