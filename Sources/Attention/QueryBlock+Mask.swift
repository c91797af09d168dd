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
        if let bias = operands.bias, let view = problem.bias {
            writeBias(bias, view, panel, step.keys)
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

    /// The additive bias as a tile `[keys][lanes]`, in the kernels' units.
    private func writeBias(
        _ bias: UnsafePointer<Float>, _ view: Tensor, _ panel: QueryPlan.Panel, _ keys: Range<Int>
    ) {
        for (lane, row) in panel.rows.enumerated() {
            scratch.sources[lane] =
                bias + batch * view.strides[0] + head(row) * view.strides[1]
                + plan.rows.query(row) * view.strides[2] + keys.lowerBound
        }
        kernels.pack_rows(
            scratch.sources, Int64(panel.rows.count), Int64(keys.count), .log2e, nil, Int32(panel.vectors),
            scratch.bias)
    }
}
