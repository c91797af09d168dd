import AttentionTensors
import CAttentionKernels

extension QueryBlock {
    /// Gives the kernel what it needs to know of mask and bias for this block, and nothing where the mask leaves
    /// the block whole.
    ///
    /// - Returns: Whether anything of the block is visible.
    func prepareMask(_ panel: Panel, _ keys: Range<Int>, _ block: inout ak_block) -> Bool {
        let mask = tiled.problem.parameters.mask
        var needsPredicate = false
        if !mask.isInterval {
            switch mask.coverage(queries: positions(panel), keys: keys, at: site) {
            case .empty: return false
            case .full: break
            case .partial: needsPredicate = true
            }
        }
        if panel.common.clamped(to: keys) != keys {
            writeIntervals(panel, keys)
            block.first = UnsafePointer(scratch.first)
            block.last = UnsafePointer(scratch.last)
        }
        if needsPredicate || operands.bias != nil {
            writeBias(panel, keys)
            if needsPredicate { excludeByPredicate(panel, keys, mask) }
            block.bias = UnsafePointer(scratch.bias)
        }
        return true
    }

    private var site: AttentionSite {
        AttentionSite(batch: batch, head: head, keys: tiled.problem.extent.keys)
    }

    private func positions(_ panel: Panel) -> Range<Int> {
        let offset = tiled.problem.queryOffset
        return panel.rows.lowerBound + offset..<panel.rows.upperBound + offset
    }

    /// Each query's visible keys, counted from the block's first key. Lanes without a query see nothing.
    private func writeIntervals(_ panel: Panel, _ keys: Range<Int>) {
        for lane in 0..<panel.lanes {
            let seen =
                lane < panel.visible.count
                ? panel.visible[lane].clamped(to: keys) : keys.lowerBound..<keys.lowerBound
            scratch.first[lane] = Int32(seen.lowerBound - keys.lowerBound)
            scratch.last[lane] = Int32(seen.upperBound - keys.lowerBound)
        }
    }

    /// The additive bias as a tile `[keys][lanes]`, in the kernels' units; zeros without one.
    private func writeBias(_ panel: Panel, _ keys: Range<Int>) {
        guard let bias = operands.bias, let view = tiled.problem.bias else {
            scratch.bias.update(repeating: 0, count: keys.count * panel.lanes)
            return
        }
        let source =
            bias + batch * view.strides[0] + head * view.strides[1] + panel.rows.lowerBound * view.strides[2]
            + keys.lowerBound
        tiled.kernels.table.pointee.pack_panel(
            source, view.strides[2], Int64(panel.rows.count), Int64(keys.count), .log2e, nil,
            Int32(panel.vectors),
            scratch.bias)
    }

    /// Asks the mask about every pair of the block.
    private func excludeByPredicate(_ panel: Panel, _ keys: Range<Int>, _ mask: any AttentionMask) {
        let site = site
        for (lane, query) in positions(panel).enumerated() {
            for key in keys where !mask.allows(query: query, key: key, at: site) {
                scratch.bias[(key - keys.lowerBound) * panel.lanes + lane] = -.infinity
            }
        }
    }
}
