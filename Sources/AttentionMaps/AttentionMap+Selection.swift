extension AttentionMap {
    /// One of a map's matrices, to be shown.
    public enum Selection: Sendable, Equatable, CustomStringConvertible {
        /// One head of one layer, by their numbers from 0.
        case head(layer: Int, head: Int)
        /// The mean of one layer's captured heads.
        case meanOfHeads(layer: Int)
        /// The mean of every captured head of every captured layer.
        case mean
        /// Attention roll-out through the captured layers.
        case rollout

        public var description: String {
            switch self {
            case .head(let layer, let head): "Layer \(layer), head \(head)"
            case .meanOfHeads(let layer): "Layer \(layer), mean of its heads"
            case .mean: "Mean of all layers and heads"
            case .rollout: "Roll-out through all layers"
            }
        }
    }

    /// The matrix that a selection names.
    ///
    /// - Throws: ``AttentionMapError`` if the layer or head was not captured, or roll-out is not defined.
    public func matrix(_ selection: Selection) throws(AttentionMapError) -> AttentionMatrix {
        switch selection {
        case .head(let layer, let head): try weights(layer: layer, head: head)
        case .meanOfHeads(let layer): try averagedOverHeads(layer: layer)
        case .mean: averaged()
        case .rollout: try rollout()
        }
    }

    /// One head's weights.
    ///
    /// - Throws: ``AttentionMapError`` if the layer or the head was not captured.
    public func weights(layer: Int, head: Int) throws(AttentionMapError) -> AttentionMatrix {
        let layerIndex = try index(ofLayer: layer)
        guard let headIndex = heads.firstIndex(of: head) else {
            throw .unknownHead(head, captured: heads)
        }
        return matrix(at: layerIndex * heads.count + headIndex)
    }

    /// The mean of one layer's captured heads. Its rows sum to 1 as the heads' rows do.
    ///
    /// - Throws: ``AttentionMapError`` if the layer was not captured.
    public func averagedOverHeads(layer: Int) throws(AttentionMapError) -> AttentionMatrix {
        let first = try index(ofLayer: layer) * heads.count
        return mean(of: first..<first + heads.count)
    }

    /// The mean of every captured head of every captured layer.
    public func averaged() -> AttentionMatrix {
        mean(of: 0..<layers.count * heads.count)
    }

    private func index(ofLayer layer: Int) throws(AttentionMapError) -> Int {
        guard let index = layers.firstIndex(of: layer) else {
            throw .unknownLayer(layer, captured: layers)
        }
        return index
    }

    /// The matrix at a place of `[layers, heads]`, counted through.
    func matrix(at plane: Int) -> AttentionMatrix {
        let size = queries.count * keys.count
        return AttentionMatrix(
            queryCount: queries.count, keyCount: keys.count,
            weights: Array(weights[plane * size..<(plane + 1) * size]))
    }

    private func mean(of planes: Range<Int>) -> AttentionMatrix {
        let size = queries.count * keys.count
        var sum = [Float](repeating: 0, count: size)
        for plane in planes {
            let base = plane * size
            for cell in 0..<size { sum[cell] += weights[base + cell] }
        }
        let scale = 1 / Float(planes.count)
        return AttentionMatrix(
            queryCount: queries.count, keyCount: keys.count, weights: sum.map { min($0 * scale, 1) })
    }
}
