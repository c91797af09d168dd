import AttentionTensors
import CAttentionKernels

/// The running sums of a block's rows, the state of its online softmax.
struct RunningSums {
    /// `[Dv][lanes]` for each panel: the weighted sums.
    let outputs: UnsafeMutablePointer<Float>
    /// The reference exponents, one for each row.
    let maxima: UnsafeMutablePointer<Float>
    /// The sums of weights.
    let totals: UnsafeMutablePointer<Float>

    /// Floats for `lanes` rows.
    static func count(lanes: Int, valueWidth: Int) -> Int { lanes * (valueWidth + 2) }

    init(_ base: UnsafeMutablePointer<Float>, lanes: Int, valueWidth: Int) {
        outputs = base
        maxima = base + lanes * valueWidth
        totals = maxima + lanes
    }

    /// Nothing seen yet.
    func clear(_ panel: QueryPlan.Panel, valueWidth: Int) {
        (outputs + panel.lane * valueWidth).update(repeating: 0, count: panel.lanes * valueWidth)
        // The lowest, so that any score moves it, and finite: −∞ − (−∞) is not a number.
        (maxima + panel.lane).update(repeating: -.greatestFiniteMagnitude, count: panel.lanes)
        (totals + panel.lane).update(repeating: 0, count: panel.lanes)
    }

    /// The sums of one panel, for the kernels.
    func sums(_ panel: QueryPlan.Panel, valueWidth: Int) -> ak_sums {
        ak_sums(
            o_panel: outputs + panel.lane * valueWidth, maximum: maxima + panel.lane,
            total: totals + panel.lane)
    }
}

/// One worker's memory for one block of queries: its panels, their running sums, and a tile of scores.
struct AttentionScratch {
    /// The offsets of the parts, in floats. Every part begins at a multiple of the widest vector.
    struct Layout {
        let lanes: Int
        let queries, sums, more, inverses, logSumExps, queryFactors, queryScales, slopes, sinks, positions,
            pointers: Int
        let places, dropout, first, last, scores, bias, distances, keys, values: Int
        let count: Int
        fileprivate let valueWidth: Int

        init(_ problem: AttentionProblem, _ kernels: Kernels) {
            let panel = kernels.panelWidth
            let lanes = (TiledAttention.blockRows + panel - 1) / panel * panel
            valueWidth = problem.valueWidth
            self.lanes = lanes
            var end = 0
            func part(_ size: Int) -> Int {
                defer { end += (size + 15) / 16 * 16 }
                return end
            }
            queries = part(lanes * problem.headWidth)
            sums = part(RunningSums.count(lanes: lanes, valueWidth: valueWidth))
            more = part(RunningSums.count(lanes: lanes, valueWidth: valueWidth))
            inverses = part(lanes)
            logSumExps = part(lanes)
            queryFactors = part(lanes)
            queryScales = part(lanes)
            slopes = part(lanes)
            sinks = part(lanes)
            positions = part(lanes)
            pointers = part(panel * MemoryLayout<UnsafePointer<Float>>.stride / MemoryLayout<Float>.stride)
            places = part(lanes)
            dropout = part(MemoryLayout<ak_dropout>.stride / MemoryLayout<Float>.stride)
            first = part(panel)
            last = part(panel)
            scores = part(TiledAttention.keyBlock * panel)
            bias = part(TiledAttention.keyBlock * panel)
            let hasTwo = problem.bias != nil && problem.distances != nil
            distances = part(hasTwo ? TiledAttention.keyBlock * panel : 0)
            keys = part(problem.cached == nil ? 0 : TiledAttention.keyBlock * problem.headWidth)
            values = part(problem.cached == nil ? 0 : TiledAttention.keyBlock * problem.valueWidth)
            count = end
        }
    }

    private let base: UnsafeMutablePointer<Float>
    private let layout: Layout

    init(_ base: UnsafeMutablePointer<Float>, _ layout: Layout) {
        self.base = base
        self.layout = layout
    }

    /// `[D][lanes]` for each panel: the scaled queries, transposed.
    var queries: UnsafeMutablePointer<Float> { base + layout.queries }
    /// The sums over the first segment of keys, and then over all finished segments.
    var sums: RunningSums {
        RunningSums(base + layout.sums, lanes: layout.lanes, valueWidth: layout.valueWidth)
    }
    /// The sums over a later segment.
    var more: RunningSums {
        RunningSums(base + layout.more, lanes: layout.lanes, valueWidth: layout.valueWidth)
    }
    var inverses: UnsafeMutablePointer<Float> { base + layout.inverses }
    var logSumExps: UnsafeMutablePointer<Float> { base + layout.logSumExps }
    /// The factors of each row's dot products, the head's factor, for cosine scores divided by ‖q‖; and the
    /// same factors in the kernels' units.
    var queryFactors: UnsafeMutablePointer<Float> { base + layout.queryFactors }
    var queryScales: UnsafeMutablePointer<Float> { base + layout.queryScales }
    /// ALiBi's slope and the sink of each row's head, in units of log₂ e, and the row's position.
    var slopes: UnsafeMutablePointer<Float> { base + layout.slopes }
    var sinks: UnsafeMutablePointer<Float> { base + layout.sinks }
    var positions: UnsafeMutablePointer<Int32> { integers(layout.positions) }
    /// Each row's place among the random numbers of dropout, and the kernels' view of it.
    var places: UnsafeMutablePointer<Int32> { integers(layout.places) }
    var dropout: UnsafeMutablePointer<ak_dropout> {
        UnsafeMutableRawPointer(base + layout.dropout).assumingMemoryBound(to: ak_dropout.self)
    }
    /// The rows of a panel, wherever they lie.
    var sources: UnsafeMutablePointer<UnsafePointer<Float>?> { pointers() }
    var targets: UnsafeMutablePointer<UnsafeMutablePointer<Float>?> { pointers() }
    /// The visible keys of a panel's queries, relative to the block of keys.
    var first: UnsafeMutablePointer<Int32> { integers(layout.first) }
    var last: UnsafeMutablePointer<Int32> { integers(layout.last) }
    /// `[keys][lanes]`: a tile of scores, then of weights.
    var scores: UnsafeMutablePointer<Float> { base + layout.scores }
    /// `[keys][lanes]`: a tile of bias.
    var bias: UnsafeMutablePointer<Float> { base + layout.bias }
    /// The same for a bias by distance, where there is an additive one, too.
    var distances: UnsafeMutablePointer<Float> { base + layout.distances }
    /// `[keys][D]` and `[keys][Dv]`: a block of a cache's keys and values.
    var keys: UnsafeMutablePointer<Float> { base + layout.keys }
    var values: UnsafeMutablePointer<Float> { base + layout.values }

    private func integers(_ offset: Int) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(base + offset).assumingMemoryBound(to: Int32.self)
    }

    private func pointers<T>() -> UnsafeMutablePointer<T> {
        UnsafeMutableRawPointer(base + layout.pointers).assumingMemoryBound(to: T.self)
    }
}
