import AttentionTensors
import CAttentionKernels

/// Attention of a few queries a sequence to caches of any lengths (after Flash-Decoding and FlashAttention's
/// split of the keys): keys are cut into chunks by position, workers take chunks, and the chunks' sums are
/// merged in order.
///
/// Keys and values are read once, for all query heads that share them. A sequence's bits depend on its own
/// numbers alone: neither on the other sequences, nor on the workers, nor on where memory lies.
///
/// A class that holds the most used numbers itself: an item takes a few microseconds, and a copy of the
/// problem would count thirty references.
final class DecodeAttention {
    let problem: AttentionProblem
    let sequences: [DecodeSequence]
    let table: UnsafePointer<ak_kernels>
    /// The number of query heads that share a key head.
    let group: Int
    let keyHeads: Int
    let queryStrides: (batch: Int, head: Int, row: Int)
    let isCosine: Bool
    let softcap: Float?
    let hasIntervalMask: Bool
    /// Whether rows need memory for the sum of their biases and mask.
    let addsBiases: Bool

    init(problem: AttentionProblem, kernels: Kernels, sequences: [DecodeSequence]) {
        (self.problem, self.sequences) = (problem, sequences)
        table = kernels.table
        (group, keyHeads) = (problem.group, problem.keyHeads)
        let strides = problem.query.strides
        queryStrides = (strides[0], strides[1], strides[2])
        isCosine = problem.parameters.score.isCosine
        softcap = problem.parameters.softcap
        hasIntervalMask = problem.parameters.mask.isInterval
        addsBiases = !hasIntervalMask || problem.bias != nil && problem.distances != nil
    }

    /// The offsets of a sequence's partial sums: `[Hkv][chunks][rows][row of sums]`, and of its reference
    /// exponents and totals, `[Hkv][rows][chunks]`.
    private struct Place {
        let item, sums, totals: Int
        let chunks, rows: Int
    }

    /// The length of a row of sums.
    private var sumsRow: Int {
        sequences.map { Int(table.pointee.decode.row_size(Int64($0.rows.valueWidth))) }.max() ?? 0
    }

    func run(query: UnsafePointer<Float>, biases: BiasAddresses, into results: TiledAttention.Results) {
        let sumsRow = sumsRow
        var end = Place(item: 0, sums: 0, totals: 0, chunks: 0, rows: 0)
        let places = sequences.map { sequence in
            let (chunks, rows) = (sequence.chunks.count, sequence.queries.count * group)
            let place = Place(item: end.item, sums: end.sums, totals: end.totals, chunks: chunks, rows: rows)
            let parts = keyHeads * chunks
            end = Place(
                item: end.item + parts, sums: end.sums + parts * rows * sumsRow,
                totals: end.totals + parts * rows, chunks: 0, rows: 0)
            return place
        }
        let work = Work.bytes(
            4
                * sequences.reduce(0) {
                    $0 + $1.keys.count * ($1.rows.keyWidth + $1.rows.valueWidth) * keyHeads
                })
        let merging = Work.bytes(4 * end.sums)
        let layout = DecodeScratch.Layout(self)
        let threads = WorkerPool.current.threadCount
        MemoryPool.withFloats(end.sums + 2 * end.totals + 16 + threads * layout.count) { memory in
            let maxima = memory + end.sums
            let totals = maxima + end.totals
            let scratch = memory + (end.sums + 2 * end.totals + 15) / 16 * 16
            WorkerPool.current.run(count: end.item, work: work) { item, worker in
                let index = sequence(of: item, places)
                let (place, sequence) = (places[index], sequences[index])
                let (keyHead, chunk) = (
                    (item - place.item) / place.chunks, (item - place.item) % place.chunks
                )
                let part = DecodeChunk(
                    attention: self, sequence: sequence, keyHead: keyHead,
                    range: sequence.keys(ofChunk: sequence.chunks.lowerBound + chunk),
                    scratch: DecodeScratch(scratch + worker * layout.count, layout))
                part.attend(
                    query: query, biases: biases,
                    sums: memory + place.sums + (keyHead * place.chunks + chunk) * place.rows * sumsRow,
                    sumsRow: sumsRow
                ) { row, maximum, total in
                    let at = place.totals + (keyHead * place.rows + row) * place.chunks + chunk
                    maxima[at] = maximum
                    totals[at] = total
                }
            }
            WorkerPool.current.run(count: sequences.count * keyHeads, work: merging) { item, _ in
                let (index, keyHead) = (item / keyHeads, item % keyHeads)
                let place = places[index]
                let first = place.totals + keyHead * place.rows * place.chunks
                merge(
                    sequences[index], keyHead: keyHead, chunks: place.chunks,
                    sums: memory + place.sums + keyHead * place.chunks * place.rows * sumsRow,
                    sumsRow: sumsRow,
                    maxima: maxima + first, totals: totals + first, into: results)
            }
        }
    }

    /// Adds up the chunks of one key head's rows, in order, and divides by the totals.
    private func merge(
        _ sequence: DecodeSequence, keyHead: Int, chunks: Int, sums: UnsafeMutablePointer<Float>,
        sumsRow: Int,
        maxima: UnsafeMutablePointer<Float>, totals: UnsafeMutablePointer<Float>,
        into results: TiledAttention.Results
    ) {
        let (extent, width) = (problem.extent, problem.valueWidth)
        let rows = sequence.queries.count * group
        for row in 0..<rows {
            let head = keyHead * group + row / sequence.queries.count
            let query = sequence.queries.lowerBound + row % sequence.queries.count
            table.pointee.decode.merge(
                sums + row * sumsRow, rows * sumsRow, maxima + row * chunks, totals + row * chunks,
                Int64(chunks),
                problem.sinks.map { $0[head] * .log2e } ?? -.infinity, sequence.rows.type, Int64(width),
                results.values + ((sequence.batch * extent.queries + query) * extent.heads + head) * width,
                results.logSumExp.map { $0 + (sequence.batch * extent.heads + head) * extent.queries + query }
            )
        }
    }

    /// The last sequence that begins at or before an item, and has some.
    private func sequence(of item: Int, _ places: [Place]) -> Int {
        var (low, high) = (0, places.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if places[middle].item <= item { low = middle } else { high = middle }
        }
        return low
    }
}

/// One worker's memory for one chunk.
struct DecodeScratch {
    struct Layout {
        let queries, scores, keyNorms, bias, count: Int
        /// The length of a packed row of queries.
        let queryRow: Int

        init(_ attention: DecodeAttention) {
            var (most, longest) = (0, 0)
            for sequence in attention.sequences {
                most = max(most, sequence.queries.count)
                longest = max(
                    longest, Int(attention.table.pointee.decode.row_size(Int64(sequence.rows.keyWidth))))
            }
            let rows = most * attention.group
            queryRow = longest
            queries = 0
            scores = rows * queryRow
            keyNorms = scores + rows * DecodeSequence.chunk
            bias = keyNorms + DecodeSequence.chunk
            // A line more, so that no two workers write to one.
            count =
                (bias + (attention.addsBiases ? rows * DecodeSequence.chunk : 0)) / 16 * 16 + 32
        }
    }

    private let base: UnsafeMutablePointer<Float>
    let layout: Layout

    init(_ base: UnsafeMutablePointer<Float>, _ layout: Layout) {
        self.base = base
        self.layout = layout
    }

    /// `[rows][queryRow]`, scaled.
    var queries: UnsafeMutablePointer<Float> { base + layout.queries }
    /// `[rows][chunk]`: scores, then weights.
    var scores: UnsafeMutablePointer<Float> { base + layout.scores }
    /// 1 / ‖k‖ of the chunk's keys, for cosine scores.
    var keyNorms: UnsafeMutablePointer<Float> { base + layout.keyNorms }
    /// `[rows][chunk]`: the sum of biases and mask, where one address does not say it.
    var bias: UnsafeMutablePointer<Float> { base + layout.bias }
}
