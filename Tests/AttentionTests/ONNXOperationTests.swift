import Attention
import AttentionTensors
import TestSupport
import Testing

/// Every case of the ONNX backend tests for the operations beside attention.
@Suite struct ONNXOperationTests {
    static let counts = [
        "Gelu": 4, "LayerNormalization": 19, "LogSoftmax": 7, "RMSNormalization": 19, "RotaryEmbedding": 8,
        "Softmax": 7, "SoftmaxCrossEntropyLoss": 32, "Swish": 1,
    ]
    static var nodes: [ONNXNode] { get throws { try ONNXNode.all(Set(counts.keys)) } }

    @Test func allCasesAreHere() throws {
        let found = Dictionary(grouping: try Self.nodes, by: \.operation).mapValues(\.count)
        #expect(found == Self.counts)
    }

    @Test(arguments: try nodes, InstructionSet.available)
    func agrees(_ node: ONNXNode, _ instructionSet: InstructionSet) throws {
        let problem = ONNXOperation(node: node, tensors: try node.tensors())
        let found = try InstructionSet.$forced.withValue(instructionSet) { try problem.outputs() }
        #expect(!found.isEmpty && found.count <= node.outputs.count)
        for (name, found) in zip(node.outputs, found) {
            let expected = try #require(problem.tensors[name]).float32()
            // A scalar is stored as one number of rank 1.
            let shaped = try found.reshaped(to: expected.shape)
            let largest = expected.scalars.reduce(1) { max($0, abs($1)) }
            #expect(largestDifference(shaped, expected) <= 8 * largest.ulp, "\(name)")
        }
    }
}

/// An ONNX node in this package's terms.
private struct ONNXOperation {
    let node: ONNXNode
    let tensors: [String: StoredTensor]

    struct Unsupported: Error { let what: String }

    private func stored(_ place: Int) throws -> StoredTensor {
        guard place < node.inputs.count, let tensor = tensors[node.inputs[place]] else {
            throw Unsupported(what: "\(node.operation) without input \(place)")
        }
        return tensor
    }

    private func input(_ place: Int) throws -> Tensor { try stored(place).float32() }

    private func has(_ place: Int) -> Bool { place < node.inputs.count && !node.inputs[place].isEmpty }

    private func refuseOthers(than known: Set<String>) throws {
        let others = node.attributes.names.subtracting(known)
        guard others.isEmpty else { throw Unsupported(what: "\(others)") }
    }

    /// The node's outputs, in its order. Mean and deviation, which norms have as further outputs, are left
    /// out.
    func outputs() throws -> [Tensor] {
        switch node.operation {
        case "Gelu":
            try refuseOthers(than: ["approximate"])
            return [
                try (node.attributes.text("approximate") == "tanh" ? Activation.geluTanh : .gelu)(input(0))
            ]
        case "Swish":
            try refuseOthers(than: ["alpha"])
            guard node.attributes.number("alpha") == 1 else { throw Unsupported(what: "alpha") }
            return [try Activation.silu(input(0))]
        case "Softmax": return [try alongAxis { try $0.softmax() }]
        case "LogSoftmax": return [try alongAxis { try $0.logSoftmax() }]
        case "LayerNormalization":
            return [try normalized { try LayerNorm(width: $0, gain: $1, bias: $2, epsilon: $3)($4) }]
        case "RMSNormalization":
            return [try normalized { try RMSNorm(width: $0, gain: $1, epsilon: $3)($4) }]
        case "RotaryEmbedding": return [try turned()]
        case "SoftmaxCrossEntropyLoss": return try crossEntropy()
        default: throw Unsupported(what: node.operation)
        }
    }

    private func axis(_ fallback: Int, rank: Int) -> Int {
        let axis = node.attributes.integer("axis") ?? fallback
        return axis < 0 ? axis + rank : axis
    }

    private func alongAxis(_ operation: (Tensor) throws -> Tensor) throws -> Tensor {
        try refuseOthers(than: ["axis"])
        let x = try input(0)
        let axis = axis(-1, rank: x.rank)
        return try operation(x.transposed(axis, x.rank - 1)).transposed(axis, x.rank - 1)
    }

    /// All axes from the node's on are one row.
    private func normalized(
        _ norm: (_ width: Int, _ gain: Tensor?, _ bias: Tensor?, _ epsilon: Float, _ x: Tensor) throws ->
            Tensor
    ) throws -> Tensor {
        try refuseOthers(than: ["axis", "epsilon"])
        let x = try input(0)
        let axis = axis(-1, rank: x.rank)
        let width = x.shape[axis...].reduce(1, *)
        func row(_ place: Int) throws -> Tensor? { has(place) ? try input(place).reshaped(to: [width]) : nil }
        let rows = try x.reshaped(to: [x.elementCount / width, width])
        let epsilon = node.attributes.number("epsilon").map { Float($0) } ?? 1e-5
        return try norm(width, row(1), row(2), epsilon, rows).reshaped(to: x.shape)
    }

    private func turned() throws -> Tensor {
        try refuseOthers(than: ["interleaved", "num_heads", "rotary_embedding_dim"])
        let x = try input(0)
        let heads = x.rank == 3 ? try x.splitIntoHeads(node.attributes.integer("num_heads") ?? 0) : x
        func rows(_ place: Int) throws -> Tensor {
            let table = try input(place)
            guard has(3) else {
                return try table.reshaped(to: [table.shape[0] * table.shape[1], table.shape[2]])
            }
            return try Embedding(table)(stored(3).int64s())
        }
        let pairing: RotaryEmbedding.Pairing =
            node.attributes.integer("interleaved") == 1 ? .interleaved : .halves
        let angles = try RotaryAngles(cosines: rows(1), sines: rows(2), pairing: pairing)
        let width = node.attributes.integer("rotary_embedding_dim") ?? heads.shape[3]
        #expect(angles.cosines.shape[1] * 2 == width)
        let y = try angles.turned(heads)
        return x.rank == 3 ? try y.concatenatingHeads() : y
    }

    /// Classes are the second axis there, the last one here.
    private func crossEntropy() throws -> [Tensor] {
        try refuseOthers(than: ["ignore_index", "reduction"])
        let x = try input(0)
        let (batch, classes) = (x.shape[0], x.shape[1])
        let logits = try x.reshaped(to: [batch, classes, x.elementCount / (batch * classes)]).transposed(1, 2)
        let reductions: [String: CrossEntropy.Reduction] = ["mean": .mean, "sum": .sum, "none": .none]
        guard let reduction = reductions[node.attributes.text("reduction") ?? "mean"] else {
            throw Unsupported(what: "reduction")
        }
        let loss = CrossEntropy(
            classWeights: has(2) ? try input(2) : nil, ignoredTarget: node.attributes.integer("ignore_index"),
            reduction: reduction)
        let value = try loss(logits, targets: stored(1).int64s())
        let logarithms = try logits.logSoftmax().transposed(1, 2).contiguous()
        return node.outputs.count > 1 ? [value, logarithms] : [value]
    }
}
