import AttentionTensors
import CAttentionKernels

/// One item of the backward pass: the keys of a segment, against all queries that see them.
struct BackwardItem {
    let pass: BackwardPass
    let operands: BackwardPass.Operands
    let pair: HeadPair
    let segment: KeySegment
    let scratch: BackwardScratch
    /// `[later segments][Nq][group][D]`: gradients of queries.
    let parts: UnsafeMutablePointer<Float>
    /// `[group]`: gradients of the heads' own numbers.
    let sums: HeadSums

    private var problem: AttentionProblem { pass.problem }
    private var kernels: ak_kernels { pass.kernels }

    /// Adds the contributions of the blocks of a round. Blocks of queries are outermost: their transposed
    /// rows and gradients stay in the second-level cache while the segment passes by.
    func run(_ units: [Int: BackwardPass.Unit]) {
        let units = segment.blocks.compactMap { units[$0] }.filter { !segment.keys(of: $0.plan).isEmpty }
        guard !units.isEmpty else { return }
        moveKeyGradients(isLoading: true)
        scratch.distanceGradients.update(repeating: 0, count: scratch.layout.distanceCount)
        let isFinite = areKeysFinite
        for unit in units {
            let block = QueryBlock(
                tiled: pass.tiled, operands: operands.forward, scratch: scratch.forward, batch: pair.batch,
                keyHead: pair.keyHead, plan: unit.plan, table: unit.table)
            add(block, isGuarded: !isFinite)
        }
        moveKeyGradients(isLoading: false)
        if wantsDistances { addDistanceGradients() }
    }

    private var areKeysFinite: Bool {
        let (key, value) = (problem.key.strides, problem.value.strides)
        let first = segment.keys.lowerBound
        return kernels.backward.are_finite(
            operands.forward.tensors.key + pair.batch * key[0] + pair.keyHead * key[1] + first * key[2],
            key[2],
            Int64(segment.keys.count), Int64(problem.headWidth)) != 0
            && kernels.backward.are_finite(
                operands.forward.tensors.value + pair.batch * value[0] + pair.keyHead * value[1] + first
                    * value[2],
                value[2], Int64(segment.keys.count), Int64(problem.valueWidth)) != 0
    }

    /// Copies the segment's rows of the results into the scratch memory, where their widths are whole
    /// vectors, or back.
    private func moveKeyGradients(isLoading: Bool) {
        for (result, own, width, padded) in [
            (operands.key, scratch.keyGradients, problem.headWidth, scratch.layout.keyWidth),
            (operands.value, scratch.valueGradients, problem.valueWidth, scratch.layout.valueWidth),
        ] {
            if isLoading { own.update(repeating: 0, count: segment.keys.count * padded) }
            for (index, key) in segment.keys.enumerated() {
                let row =
                    result + ((pair.batch * problem.extent.keys + key) * problem.keyHeads + pair.keyHead)
                    * width
                if isLoading {
                    (own + index * padded).update(from: row, count: width)
                } else {
                    row.update(from: own + index * padded, count: width)
                }
            }
        }
    }

    // MARK: - A block of queries

    private func add(_ block: QueryBlock, isGuarded: Bool) {
        let plan = block.plan
        block.begin()
        // The order matters: every part has to be prepared.
        let isFinite = prepareRows(block)
        let isGuarded = isGuarded || !isFinite
        let keys = segment.keys(of: plan)
        for first in stride(from: keys.lowerBound, to: keys.upperBound, by: TiledAttention.keyBlock) {
            let part = first..<min(first + TiledAttention.keyBlock, keys.upperBound)
            let tiles = addPanels(block, part, isGuarded)
            addKeyProducts(part, tiles, isGuarded)
        }
        if pass.needsQueries { writeQueryGradients(block) }
        if pass.wanted.contains(.slopes) { addSlopeGradients(block) }
    }

    /// Lays out the output's gradients and the queries as the products read them, and notes each row's sums.
    ///
    /// - Returns: Whether all numbers are finite.
    private func prepareRows(_ block: QueryBlock) -> Bool {
        let (plan, own, layout) = (block.plan, scratch.forward, scratch.layout)
        let (query, gradient) = (problem.query.strides, pass.outputGradient.strides)
        var isFinite = true
        for panel in plan.panels {
            let count = Int64(panel.rows.count)
            for (lane, row) in panel.rows.enumerated() {
                own.sources[lane] =
                    operands.forward.query + pair.batch * query[0] + block.head(row) * query[1]
                    + plan.rows.query(row) * query[2]
            }
            let queriesAreFinite = kernels.backward.copy_rows(
                own.sources, count, Int64(problem.headWidth), own.queryFactors + panel.lane,
                scratch.queryRows + panel.lane * layout.keyWidth, Int64(layout.keyWidth))
            for (lane, row) in panel.rows.enumerated() {
                own.sources[lane] =
                    operands.outputGradient + pair.batch * gradient[0] + block.head(row) * gradient[1]
                    + plan.rows.query(row) * gradient[2]
            }
            let gradientsAreFinite = kernels.backward.copy_rows(
                own.sources, count, Int64(problem.valueWidth), nil,
                scratch.gradientRows + panel.lane * layout.valueWidth, Int64(layout.valueWidth))
            kernels.pack_rows(
                own.sources, count, Int64(problem.valueWidth), 1, nil, Int32(panel.vectors),
                scratch.gradientPanels + panel.lane * problem.valueWidth)
            (scratch.queryGradients + panel.lane * problem.headWidth).update(
                repeating: 0, count: panel.lanes * problem.headWidth)
            (scratch.slopeGradients + panel.lane).update(repeating: 0, count: panel.lanes)
            isFinite = noteSums(block, panel) && queriesAreFinite != 0 && gradientsAreFinite != 0 && isFinite
        }
        return isFinite
    }

    /// The log-sum-exp of each row in the kernels' units, and its δ; those of the last row where there is
    /// none.
    private func noteSums(_ block: QueryBlock, _ panel: QueryPlan.Panel) -> Bool {
        var isFinite = true
        for lane in 0..<panel.lanes {
            let row = panel.rows.lowerBound + min(lane, panel.rows.count - 1)
            let place =
                (pair.batch * problem.extent.heads + block.head(row)) * problem.extent.queries
                + block.plan.rows.query(row)
            // A row that sees nothing has −∞; its weights come out as 0 with any finite number.
            let total = operands.logSumExp[place] == -.infinity ? 0 : operands.logSumExp[place]
            scratch.forward.logSumExps[panel.lane + lane] = total * .log2e
            scratch.deltas[panel.lane + lane] = operands.deltas[place]
            isFinite = isFinite && total.isFinite && operands.deltas[place].isFinite
        }
        return isFinite
    }

    /// Every panel against some keys: weights, gradients of scores, and their contributions to the gradients
    /// of queries.
    ///
    /// - Returns: The number of panels that see some of the keys.
    private func addPanels(_ block: QueryBlock, _ keys: Range<Int>, _ isGuarded: Bool) -> Int {
        let layout = scratch.layout
        var count = 0
        block.forEachBlock(of: keys) { panel, part, forward in
            let tile = panel.lane * TiledAttention.keyBlock
            let skipped = part.lowerBound - keys.lowerBound
            let own = tile + skipped * panel.lanes
            forward.scores = scratch.weights + own
            run(block, panel, part, &forward, scratch.gradients + own, isGuarded)
            // Beyond the panel's keys the tiles are 0.
            for tiles in [scratch.weights + tile, scratch.gradients + tile] {
                tiles.update(repeating: 0, count: skipped * panel.lanes)
                (tiles + (skipped + part.count) * panel.lanes).update(
                    repeating: 0, count: (keys.count - skipped - part.count) * panel.lanes)
            }
            let places = (first: Int32(skipped), last: Int32(skipped + part.count))
            scratch.valueTiles[count] = ak_key_tile(
                tile: UnsafePointer(scratch.weights + tile), lanes: Int32(panel.lanes),
                count: Int32(panel.rows.count), first: places.first, last: places.last,
                rows: UnsafePointer(scratch.gradientRows + panel.lane * layout.valueWidth))
            scratch.keyTiles[count] = ak_key_tile(
                tile: UnsafePointer(scratch.gradients + tile), lanes: Int32(panel.lanes),
                count: Int32(panel.rows.count), first: places.first, last: places.last,
                rows: UnsafePointer(scratch.queryRows + panel.lane * layout.keyWidth))
            count += 1
        }
        return count
    }

    private func run(
        _ block: QueryBlock, _ panel: QueryPlan.Panel, _ keys: Range<Int>, _ forward: inout ak_block,
        _ gradients: UnsafeMutablePointer<Float>, _ isGuarded: Bool
    ) {
        withUnsafePointer(to: &forward) { forward in
            var work = ak_gradient_block()
            work.forward = forward
            work.g_panel = UnsafePointer(scratch.gradientPanels + panel.lane * problem.valueWidth)
            work.delta = UnsafePointer(scratch.deltas + panel.lane)
            work.rows = Int32(panel.rows.count)
            work.is_guarded = isGuarded ? 1 : 0
            work.gradients = gradients
            work.bends = scratch.bends
            work.kept = scratch.kept
            if pass.needsQueries {
                work.q_gradient = scratch.queryGradients + panel.lane * problem.headWidth
            }
            if operands.bias != nil || wantsDistances {
                noteBiasTargets(block, panel, keys)
                work.bias_gradient = UnsafePointer(scratch.forward.targets)
            }
            if pass.wanted.contains(.slopes) { work.slope_gradient = scratch.slopeGradients + panel.lane }
            kernels.backward.gradient_block(&work)
            if hasTwoBiases { addBiasRows(block, panel, keys) }
        }
    }

    /// Adds the contributions of all panels' tiles to the gradients of the keys and values.
    private func addKeyProducts(_ keys: Range<Int>, _ tileCount: Int, _ isGuarded: Bool) {
        guard tileCount > 0 else { return }
        let (first, layout) = (keys.lowerBound - segment.keys.lowerBound, scratch.layout)
        for (isWanted, tiles, width, out) in [
            (pass.wanted.contains(.value), scratch.valueTiles, layout.valueWidth, scratch.valueGradients),
            (pass.wanted.contains(.key), scratch.keyTiles, layout.keyWidth, scratch.keyGradients),
        ] where isWanted {
            var product = ak_key_product(
                tiles: UnsafePointer(tiles), tile_count: Int32(tileCount), keys: Int32(keys.count),
                width: Int64(width), row: width, out: out + first * width, out_row: width,
                is_guarded: isGuarded ? 1 : 0)
            kernels.backward.add_key_product(&product)
        }
    }

    /// Writes the gradients of the block's queries: those of a run's first segment to the result, those of
    /// the others to `parts`.
    private func writeQueryGradients(_ block: QueryBlock) {
        let (extent, group, width, own) = (problem.extent, problem.group, problem.headWidth, scratch.forward)
        for panel in block.plan.panels {
            for (lane, row) in panel.rows.enumerated() {
                let query = block.plan.rows.query(row)
                own.targets[lane] =
                    segment.number == 0
                    ? operands.query
                        + ((pair.batch * extent.queries + query) * extent.heads + block.head(row)) * width
                    : parts
                        + (((segment.number - 1) * extent.queries + query) * group + block.plan.rows.head(row))
                        * width
                // A query that is not finite has no factor; if it sees nothing, its gradient is still 0.
                let factor = own.queryFactors[panel.lane + lane]
                own.inverses[panel.lane + lane] = factor.isFinite ? factor : 1
            }
            kernels.unpack_rows(
                scratch.queryGradients + panel.lane * width, Int32(panel.vectors), own.inverses + panel.lane,
                Int64(panel.rows.count), Int64(width), own.targets)
        }
    }

    private func addSlopeGradients(_ block: QueryBlock) {
        for panel in block.plan.panels {
            for (lane, row) in panel.rows.enumerated() {
                sums.addSlope(
                    Double(scratch.slopeGradients[panel.lane + lane]), head: block.plan.rows.head(row))
            }
        }
    }
}
