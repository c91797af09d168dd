import AttentionTensors
import CAttentionKernels

/// One worker's memory for an item of the backward pass.
struct BackwardScratch {
    /// The offsets of the parts, in floats. Every part begins at a multiple of the widest vector.
    struct Layout {
        let forward: AttentionScratch.Layout
        /// The most panels of a block.
        let panels: Int
        /// The widths of keys and values in whole vectors.
        let keyWidth, valueWidth: Int
        let keyGradients, valueGradients, queryRows, gradientRows, gradientPanels, queryGradients: Int
        let deltas, slopeGradients, weights, gradients, bends, kept, biasRows, tiles, count: Int
        let distanceGradients, distanceCount: Int

        init(_ tiled: TiledAttention, segmentKeys: Int) {
            let (problem, vector, panel) = (tiled.problem, tiled.kernels.laneWidth, tiled.kernels.panelWidth)
            forward = AttentionScratch.Layout(problem, tiled.kernels)
            keyWidth = (problem.headWidth + vector - 1) / vector * vector
            valueWidth = (problem.valueWidth + vector - 1) / vector * vector
            var end = (forward.count + 15) / 16 * 16
            func part(_ size: Int) -> Int {
                defer { end += (size + 15) / 16 * 16 }
                return end
            }
            keyGradients = part(segmentKeys * keyWidth)
            valueGradients = part(segmentKeys * valueWidth)
            queryRows = part(forward.lanes * keyWidth)
            gradientRows = part(forward.lanes * valueWidth)
            gradientPanels = part(forward.lanes * problem.valueWidth)
            queryGradients = part(forward.lanes * problem.headWidth)
            deltas = part(forward.lanes)
            slopeGradients = part(forward.lanes)
            weights = part(forward.lanes * TiledAttention.keyBlock)
            gradients = part(forward.lanes * TiledAttention.keyBlock)
            bends = part(problem.parameters.softcap == nil ? 0 : panel * TiledAttention.keyBlock)
            kept = part(problem.parameters.dropout == nil ? 0 : panel * TiledAttention.keyBlock)
            let hasTwo = problem.bias != nil && problem.distances != nil
            biasRows = part(hasTwo ? panel * TiledAttention.keyBlock : 0)
            distanceCount = problem.group * (problem.distances?.layout.length ?? 0)
            distanceGradients = part(distanceCount)
            panels = forward.lanes / panel
            tiles = part(
                2 * panels * MemoryLayout<ak_key_tile>.stride / MemoryLayout<Float>.stride)
            count = end
        }
    }

    let base: UnsafeMutablePointer<Float>
    let layout: Layout

    var forward: AttentionScratch { AttentionScratch(base, layout.forward) }
    /// `[keys][width]`: the gradients of the segment's keys and values so far.
    var keyGradients: UnsafeMutablePointer<Float> { base + layout.keyGradients }
    var valueGradients: UnsafeMutablePointer<Float> { base + layout.valueGradients }
    /// `[rows][width]`: the block's scaled queries and its output's gradients.
    var queryRows: UnsafeMutablePointer<Float> { base + layout.queryRows }
    var gradientRows: UnsafeMutablePointer<Float> { base + layout.gradientRows }
    /// `[Dv][lanes]` for each panel: the output's gradients, transposed.
    var gradientPanels: UnsafeMutablePointer<Float> { base + layout.gradientPanels }
    /// `[D][lanes]` for each panel: the gradients of the queries.
    var queryGradients: UnsafeMutablePointer<Float> { base + layout.queryGradients }
    /// Σ output · its gradient, of each row.
    var deltas: UnsafeMutablePointer<Float> { base + layout.deltas }
    var slopeGradients: UnsafeMutablePointer<Float> { base + layout.slopeGradients }
    /// `[keys][lanes]` for each panel: weights, and gradients of the scores.
    var weights: UnsafeMutablePointer<Float> { base + layout.weights }
    var gradients: UnsafeMutablePointer<Float> { base + layout.gradients }
    /// `[keys][lanes]`: the softcap's slopes, and dropout's factors.
    var bends: UnsafeMutablePointer<Float> { base + layout.bends }
    var kept: UnsafeMutablePointer<Float> { base + layout.kept }
    /// `[rows][keys]`: gradients of the scores of a panel, which two biases share.
    var biasRows: UnsafeMutablePointer<Float> { base + layout.biasRows }
    /// `[group][distances]`: the gradients of the bias by distance so far.
    var distanceGradients: UnsafeMutablePointer<Float> { base + layout.distanceGradients }
    /// Each panel's contributions to the gradients of a block of values, and of keys.
    var valueTiles: UnsafeMutablePointer<ak_key_tile> {
        UnsafeMutableRawPointer(base + layout.tiles).assumingMemoryBound(to: ak_key_tile.self)
    }
    var keyTiles: UnsafeMutablePointer<ak_key_tile> { valueTiles + layout.panels }
}
