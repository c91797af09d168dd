// The weights of a long text as a picture, which never hold queries × keys numbers in memory.

// snippet.picture
import Foundation
import SwiftAttention

let q = Tensor(repeating: 0.5, shape: [1, 8, 4096, 64])
let k = Tensor(repeating: 0.25, shape: [1, 8, 4096, 64])

let operation = AttentionOperator(mask: .causal)
let result = try operation.forward(query: q, key: k, value: k)
let summary = try operation.weightSummary(
    query: q, key: k, logSumExp: result.logSumExp, heads: [3], rows: 1024, columns: 1024)
let picture = try AttentionMatrix(summary, head: 0, showing: .maximum).png()
try picture.write(to: URL(fileURLWithPath: "map.png"))
// snippet.end
