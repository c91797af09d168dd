import AttentionTensors

/// The similarity of a query and a key, before the softmax.
public enum ScoreFunction: Sendable {
    /// `scale · q·k`. A nil scale is 1/√D, which keeps the scores' variance at 1 (arXiv:1706.03762).
    case scaledDotProduct(scale: Float? = nil)
    /// `cos(q, k) / temperature = q·k / (‖q‖ ‖k‖ temperature)`, with one temperature, `[1]`, or one a head,
    /// `[Hq]`, which may be learnt. A zero vector has score 0 with every other, and no gradient.
    case cosine(temperature: Tensor)

    /// `cos(q, k) / temperature`.
    public static func cosine(temperature: Float = 1) -> ScoreFunction {
        .cosine(temperature: Tensor(repeating: temperature, shape: [1]))
    }

    /// The factor of dot products (of unit vectors, for cosine scores) in each head.
    ///
    /// - Throws: `TensorError` if the numbers cannot be used.
    package func factors(headWidth: Int, heads: Int) throws(TensorError) -> [Float] {
        switch self {
        case .scaledDotProduct(let scale):
            if let scale, !scale.isFinite { throw .invalidArgument("a scale of \(scale); it must be finite") }
            return [Float](repeating: scale ?? 1 / Float(max(headWidth, 1)).squareRoot(), count: heads)
        case .cosine(let temperature):
            guard temperature.shape == [1] || temperature.shape == [heads] else {
                throw .shapeMismatch(
                    tensor: "temperature of cosine scores", expected: "[1] or [\(heads)]",
                    found: temperature.shape)
            }
            let temperatures = temperature.scalars
            if let bad = temperatures.first(where: { !($0 > 0 && $0.isFinite) }) {
                throw .invalidArgument("a temperature of \(bad); it must be positive")
            }
            return temperature.shape == [heads]
                ? temperatures.map { 1 / $0 } : [Float](repeating: 1 / temperatures[0], count: heads)
        }
    }

    package var isCosine: Bool { temperature != nil }

    /// The temperature of cosine scores.
    package var temperature: Tensor? {
        if case .cosine(let temperature) = self { temperature } else { nil }
    }
}
