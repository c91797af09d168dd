// An nn.MultiheadAttention whose weights PyTorch saved as safetensors.

// snippet.module
import SwiftAttention

let source = try SafetensorsFile(path: "attention.safetensors")
var layer = try MultiHeadAttention(width: 512, heads: 8, pyTorch: source)

let x = Tensor(repeating: 0.1, shape: [1, 20, 512])  // [batch, positions, width]
let memory = Tensor(repeating: 0.2, shape: [1, 50, 512])
let y = try layer(x)  // self-attention
let z = try layer(x, key: memory)  // cross-attention
// snippet.end

// snippet.training
try layer.watchParameters { $0.hasSuffix(".weight") }  // by name; the biases are frozen
let loss = try layer(x).sum()
let gradients = try layer.parameterGradients(of: loss)
// snippet.end
