/// How similar a query and a key are, before the softmax.
public enum ScoreFunction: Hashable, Sendable {
    /// `scale · q·k`. A nil scale is 1/√D, which keeps the scores' variance at 1 (arXiv:1706.03762).
    case scaledDotProduct(scale: Float? = nil)
    /// `cos(q, k) / temperature = q·k / (‖q‖ ‖k‖ temperature)`. A zero vector is similar to nothing: score 0.
    case cosine(temperature: Float = 1)

    /// What a dot product (of unit vectors, for cosine scores) is multiplied by.
    package func factor(headWidth: Int) -> Float {
        switch self {
        case .scaledDotProduct(let scale): scale ?? 1 / Float(max(headWidth, 1)).squareRoot()
        case .cosine(let temperature): 1 / temperature
        }
    }

    package var isCosine: Bool {
        if case .cosine = self { true } else { false }
    }
}
