import Attention
import AttentionTensors

/// A mixture of experts (arXiv:1701.06538, arXiv:2401.04088): feed-forward networks of which each token takes
/// the k that a router scores highest,
///
///     y = Σ wᵢ · FeedForwardᵢ(x),   w = softmax of the router's scores, over the k chosen or over all
///
/// A token's bits do not depend on the tokens beside it: each expert reads its own rows, and a token's terms
/// are summed in the order of the experts.
public struct Experts: Sendable {
    private var router: Linear
    private var networks: [FeedForward]
    private let perToken: Int
    private let normalizesWeights: Bool

    /// - Parameters:
    ///   - router: M → E
    ///   - networks: E networks M → M, the experts.
    ///   - perToken: k
    ///   - normalizesWeights: Whether the weights of the k sum to 1.
    /// - Throws: `TensorError.invalidArgument` unless the router has a score for each expert and 1 ≤ k ≤ E.
    public init(
        router: Linear, networks: [FeedForward], perToken: Int, normalizesWeights: Bool = true
    ) throws(TensorError) {
        guard router.outputs == networks.count, (1...max(networks.count, 1)).contains(perToken) else {
            throw .invalidArgument(
                "\(perToken) of \(networks.count) experts for each token, and a router of \(router.outputs) scores"
            )
        }
        self.router = router
        self.networks = networks
        self.perToken = perToken
        self.normalizesWeights = normalizesWeights
    }

    /// No gradient flows through the choice yet: where a weight or the input is watched, a gradient through
    /// the result is an error.
    ///
    /// - Parameter x: `[…, M]`
    /// - Returns: `[…, M]`
    /// - Throws: `TensorError.shapeMismatch`.
    public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        let width = router.inputs
        guard x.shape.last == width else {
            throw .shapeMismatch(tensor: "input of experts", expected: "[…, \(width)]", found: x.shape)
        }
        let rows = try x.reshaped(to: [x.elementCount / max(width, 1), width])
        let scores = try router(rows)
        let routes = routes(scores)
        var sum = Tensor.zeros(rows.shape)
        var isWatched = scores.isWatched
        for (expert, routes) in routes.enumerated() where !routes.isEmpty {
            let own = routes.count == rows.shape[0] ? rows : rows.selectingRows(routes.map(\.row))
            let output = try networks[expert](own)
            isWatched = isWatched || output.isWatched
            sum.withUnsafeMutableBuffer { sum in
                output.contiguous().withUnsafeBuffer { output in
                    for (index, route) in routes.enumerated() {
                        for channel in 0..<width {
                            sum[route.row * width + channel] += route.weight * output[index * width + channel]
                        }
                    }
                }
            }
        }
        return try sum.reshaped(to: x.shape).recordedWithoutBackward(as: "experts", if: isWatched)
    }

    private struct Route {
        let row: Int
        let weight: Float
    }

    /// The rows that each expert serves, in order.
    ///
    /// - Parameter scores: `[rows, E]`
    private func routes(_ scores: Tensor) -> [[Route]] {
        var routes = [[Route]](repeating: [], count: networks.count)
        scores.contiguous().withUnsafeBuffer { scores in
            for row in 0..<scores.count / networks.count {
                let own = UnsafeBufferPointer(
                    rebasing: scores[row * networks.count..<(row + 1) * networks.count])
                let chosen = chosen(own)
                // In double precision: a few numbers a token, whatever the processor's instructions.
                let powers = own.map { Double.exp(Double($0) - Double(own[chosen[0]])) }
                let total =
                    normalizesWeights ? chosen.reduce(0) { $0 + powers[$1] } : powers.reduce(0, +)
                for expert in chosen {
                    routes[expert].append(Route(row: row, weight: Float(powers[expert] / total)))
                }
            }
        }
        return routes
    }

    /// The k experts of the highest scores, highest first; of equal scores the first.
    private func chosen(_ scores: UnsafeBufferPointer<Float>) -> [Int] {
        var chosen: [Int] = []
        for _ in 0..<perToken {
            var best: Int?
            for expert in scores.indices where !chosen.contains(expert) {
                // A NaN is never larger, and is taken only where nothing else is left.
                if best == nil || scores[expert] > scores[best ?? 0] || scores[best ?? 0].isNaN {
                    best = expert
                }
            }
            if let best { chosen.append(best) }
        }
        return chosen
    }
}

extension Experts: Parameterized {
    public mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&router, "router", body)
        try visit(&networks, "networks", body)
    }
}
