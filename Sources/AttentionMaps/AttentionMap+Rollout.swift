extension AttentionMap {
    /// Attention roll-out: how much each input token reaches each token's vector after the last captured
    /// layer, following attention and the residual connections through all of them.
    ///
    ///     Ãₗ = ½ Āₗ + ½ I        Rₗ = Ãₗ Rₗ₋₁        R₋₁ = I
    ///
    /// where Āₗ is the mean of layer l's heads and every row of Ãₗ is scaled to sum to 1 (Abnar and
    /// Zuidema, *Quantifying Attention Flow in Transformers*, 2020, arXiv:2005.00928, section 3).
    ///
    /// It is a summary, not a proof: it leaves out what values and feed-forward layers do.
    ///
    /// - Throws: ``AttentionMapError/noRollout(reason:)`` if this is not self-attention, or if the
    ///   captured layers are not consecutive and in order.
    public func rollout() throws(AttentionMapError) -> AttentionMatrix {
        guard isSelfAttention else { throw .noRollout(reason: "its queries and keys differ") }
        // Pairs are compared by difference: the numbers come from outside and may be as large as Int.max.
        guard zip(layers, layers.dropFirst()).allSatisfy({ $1 > $0 && $1 - $0 == 1 }) else {
            throw .noRollout(reason: "the captured layers are not consecutive")
        }
        var reached = try residual(layer: layers[0])
        for layer in layers.dropFirst() {
            reached = multiply(try residual(layer: layer), reached)
        }
        return AttentionMatrix(queryCount: queries.count, keyCount: keys.count, weights: reached)
    }

    /// Ã: half of the heads' mean, half of the residual connection, with rows that sum to 1.
    private func residual(layer: Int) throws(AttentionMapError) -> [Float] {
        var mixed = try averagedOverHeads(layer: layer).weights
        let count = queries.count
        for row in 0..<count {
            mixed[row * count + row] += 1
            let scale = 1 / mixed[row * count..<(row + 1) * count].reduce(0, +)
            for cell in row * count..<(row + 1) * count { mixed[cell] *= scale }
        }
        return mixed
    }

    private func multiply(_ left: [Float], _ right: [Float]) -> [Float] {
        let count = queries.count
        var result = [Float](repeating: 0, count: count * count)
        for row in 0..<count {
            for middle in 0..<count {
                let factor = left[row * count + middle]
                for column in 0..<count {
                    result[row * count + column] += factor * right[middle * count + column]
                }
            }
        }
        return result
    }
}
