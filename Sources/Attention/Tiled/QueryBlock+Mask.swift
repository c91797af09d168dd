import AttentionTensors
import CAttentionKernels

extension QueryBlock {
    /// Gives the kernel the mask and the bias for some keys, and no mask where all of them are visible.
    func prepareMask(_ panel: QueryPlan.Panel, index: Int, _ step: MaskTable.Step, _ block: inout ak_block) {
        if let table {
            if !step.isWhole { block.visible = table.words(panel, index: index, from: step.keys.lowerBound) }
        } else if panel.common.clamped(to: step.keys) != step.keys {
            writeIntervals(panel, step.keys)
            block.first = UnsafePointer(scratch.first)
            block.last = UnsafePointer(scratch.last)
        }
        if operands.biases.hasAdditive || operands.biases.areByDistance {
            writeBias(panel, step.keys)
            block.bias = UnsafePointer(scratch.bias)
        }
    }

    /// Each query's visible keys, counted from the first of `keys`. Lanes without a query see nothing.
    private func writeIntervals(_ panel: QueryPlan.Panel, _ keys: Range<Int>) {
        for lane in 0..<panel.lanes {
            let seen =
                lane < panel.visible.count
                ? panel.visible[lane].clamped(to: keys) : keys.lowerBound..<keys.lowerBound
            scratch.first[lane] = Int32(seen.lowerBound - keys.lowerBound)
            scratch.last[lane] = Int32(seen.upperBound - keys.lowerBound)
        }
    }

    /// The sum of the biases as a tile `[keys][lanes]`, in the kernels' units.
    private func writeBias(_ panel: QueryPlan.Panel, _ keys: Range<Int>) {
        let biases = operands.biases
        if biases.hasAdditive {
            pack(panel, keys, into: scratch.bias) { row in
                biases.additive(
                    batch: batch, head: head(row), row: plan.rows.query(row), key: keys.lowerBound)
            }
        }
        guard biases.areByDistance else { return }
        pack(panel, keys, into: biases.areTwo ? scratch.distances : scratch.bias) { row in
            biases.byDistance(
                head: head(row), position: problem.positions[plan.rows.query(row)], key: keys.lowerBound)
        }
        if biases.areTwo {
            kernels.elementwise.add(
                scratch.bias, scratch.distances, Int64(keys.count * panel.lanes), scratch.bias)
        }
    }

    private func pack(
        _ panel: QueryPlan.Panel, _ keys: Range<Int>, into tile: UnsafeMutablePointer<Float>,
        _ source: (_ row: Int) -> UnsafePointer<Float>?
    ) {
        for (lane, row) in panel.rows.enumerated() { scratch.sources[lane] = source(row) }
        kernels.pack_rows(
            scratch.sources, Int64(panel.rows.count), Int64(keys.count), .log2e, nil, Int32(panel.vectors),
            tile)
    }
}
