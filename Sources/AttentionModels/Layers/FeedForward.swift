import AttentionTensors

/// The position-wise feed-forward network, W₂ · act(W₁ · x + b₁) + b₂ (arXiv:1706.03762, section 3.3).
public struct FeedForward: Sendable {
    private let expand: Linear
    private let contract: Linear
    private let activation: Activation

    /// - Parameters:
    ///   - expand: M → F
    ///   - contract: F → M
    ///   - activation: act
    public init(expand: Linear, contract: Linear, activation: Activation) {
        self.expand = expand
        self.contract = contract
        self.activation = activation
    }

    /// - Parameter x: `[…, M]`
    /// - Returns: `[…, M]`
    public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        try contract(expand(x, activation: activation))
    }
}
