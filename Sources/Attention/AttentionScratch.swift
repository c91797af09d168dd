import AttentionTensors

/// One worker's memory for one block of queries: its panels, their running sums, and a tile of scores.
struct AttentionScratch {
    /// Where everything lies, in floats. Every part begins at a multiple of the widest vector.
    struct Layout {
        let queries, outputs, maxima, totals, inverses, logSumExps, queryNorms, first, last, scores, bias: Int
        let count: Int

        init(_ problem: AttentionProblem, _ kernels: Kernels) {
            let rows = TiledAttention.queryBlock + kernels.panelWidth
            var end = 0
            func part(_ size: Int) -> Int {
                defer { end += (size + 15) / 16 * 16 }
                return end
            }
            queries = part(rows * problem.headWidth)
            outputs = part(rows * problem.valueWidth)
            maxima = part(rows)
            totals = part(rows)
            inverses = part(rows)
            logSumExps = part(rows)
            queryNorms = part(rows)
            first = part(kernels.panelWidth)
            last = part(kernels.panelWidth)
            scores = part(TiledAttention.keyBlock * kernels.panelWidth)
            bias = part(TiledAttention.keyBlock * kernels.panelWidth)
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
    /// `[Dv][lanes]` for each panel: the running weighted sums.
    var outputs: UnsafeMutablePointer<Float> { base + layout.outputs }
    /// The running reference exponents, one for each query.
    var maxima: UnsafeMutablePointer<Float> { base + layout.maxima }
    /// The running sums of weights.
    var totals: UnsafeMutablePointer<Float> { base + layout.totals }
    var inverses: UnsafeMutablePointer<Float> { base + layout.inverses }
    var logSumExps: UnsafeMutablePointer<Float> { base + layout.logSumExps }
    /// 1 / ‖q‖, for cosine scores.
    var queryNorms: UnsafeMutablePointer<Float> { base + layout.queryNorms }
    /// The visible keys of a panel's queries, relative to the block of keys.
    var first: UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(base + layout.first).assumingMemoryBound(to: Int32.self)
    }
    var last: UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(base + layout.last).assumingMemoryBound(to: Int32.self)
    }
    /// `[keys][lanes]`: a tile of scores, then of weights.
    var scores: UnsafeMutablePointer<Float> { base + layout.scores }
    /// `[keys][lanes]`: a tile of bias and mask.
    var bias: UnsafeMutablePointer<Float> { base + layout.bias }
}
