import TestSupport

/// One case of the ONNX operator `Attention` (opsets 23 to 25).
struct ONNXCase: Sendable, CustomStringConvertible {
    let node: ONNXNode
    let attributes: Attributes

    var name: String { node.name }
    var inputs: [String] { node.inputs }
    var outputs: [String] { node.outputs }
    var description: String { node.name }

    /// Every attribute that the cases use. One that is not here is an error.
    struct Attributes: Sendable {
        let isCausal, qNumHeads, kvNumHeads, qkMatmulOutputMode: Int?
        let scale, softcap: Float?
        /// How many keys before and after a query's own it sees; −1 for all.
        let left, right: Int

        /// A wider softmax changes nothing here, where all sums are in float32.
        private static let known: Set = [
            "is_causal", "q_num_heads", "kv_num_heads", "qk_matmul_output_mode", "scale", "softcap",
            "left_window_size", "right_window_size", "softmax_precision",
        ]

        struct Unknown: Error { let attributes: Set<String> }

        init(_ found: ONNXNode.Attributes) throws {
            let unknown = found.names.subtracting(Self.known)
            guard unknown.isEmpty else { throw Unknown(attributes: unknown) }
            isCausal = found.integer("is_causal")
            qNumHeads = found.integer("q_num_heads")
            kvNumHeads = found.integer("kv_num_heads")
            qkMatmulOutputMode = found.integer("qk_matmul_output_mode")
            scale = found.number("scale").map { Float($0) }
            softcap = found.number("softcap").map { Float($0) }
            left = found.integer("left_window_size") ?? -1
            right = found.integer("right_window_size") ?? -1
        }
    }

    /// All cases.
    static func all() throws -> [ONNXCase] {
        try ONNXNode.all(["Attention"]).map { ONNXCase(node: $0, attributes: try Attributes($0.attributes)) }
    }
}
