import AttentionTensors

/// The position-wise feed-forward network: plain, W₂ · act(W₁ · x + b₁) + b₂ (arXiv:1706.03762, section 3.3),
/// or gated, W₂ · (act(W_g · x) · W₁ · x) (arXiv:2002.05202).
public struct FeedForward: Sendable {
    private var gate: Linear?
    private var expand: Linear
    private var contract: Linear
    private let activation: Activation
    /// Whether `expand` gives the gate and the values side by side.
    private let givesHalves: Bool

    /// - Parameters:
    ///   - expand: M → F
    ///   - contract: F → M
    ///   - activation: act
    public init(expand: Linear, contract: Linear, activation: Activation) {
        self.init(nil, expand, contract, activation)
    }

    /// A gated network: SwiGLU with `silu`, GEGLU with `gelu`.
    ///
    /// - Parameters:
    ///   - gate: M → F, what the activation is applied to.
    ///   - up: M → F
    ///   - contract: F → M
    ///   - activation: act
    public init(gate: Linear, up: Linear, contract: Linear, activation: Activation) {
        self.init(gate, up, contract, activation)
    }

    /// A gated network whose gate and values come from one layer.
    ///
    /// - Parameters:
    ///   - gateAndUp: M → 2F, the gate's channels first.
    ///   - contract: F → M
    ///   - activation: act
    public init(gateAndUp: Linear, contract: Linear, activation: Activation) {
        self.init(nil, gateAndUp, contract, activation, givesHalves: true)
    }

    private init(
        _ gate: Linear?, _ expand: Linear, _ contract: Linear, _ activation: Activation,
        givesHalves: Bool = false
    ) {
        self.gate = gate
        self.expand = expand
        self.contract = contract
        self.activation = activation
        self.givesHalves = givesHalves
    }

    /// - Parameter x: `[…, M]`
    /// - Returns: `[…, M]`
    public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        if givesHalves { return try contract(activation.gatingHalves(of: expand(x))) }
        if let gate {
            var both = try Linear.outputs(of: [gate, expand], x)
            // Each is taken out, so that the product can take the gate's memory.
            let up = both.removeLast()
            return try contract(activation(both.removeLast(), times: up))
        }
        return try contract(expand(x, activation: activation))
    }
}

extension FeedForward: Parameterized {
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        let name = givesHalves ? "gateAndUp" : gate == nil ? "expand" : "up"
        try visit(&gate, "gate", body)
        try visit(&expand, name, body)
        try visit(&contract, "contract", body)
    }
}
