import AttentionTensors
import CAttentionKernels

/// One item of a decoder's step: one chunk of one sequence's keys, and the query heads that share a key head.
/// The rows are the group's heads, each with its queries.
struct DecodeChunk {
    let attention: DecodeAttention
    let sequence: DecodeSequence
    let keyHead: Int
    /// The positions of the chunk.
    let range: Range<Int>
    let scratch: DecodeScratch

    private var problem: AttentionProblem { attention.problem }
    private var table: UnsafePointer<ak_kernels> { attention.table }
    /// The keys that at least one row may see.
    private var keys: Range<Int> { range.clamped(to: sequence.keys) }
    private var rowCount: Int { sequence.queries.count * attention.group }

    private func head(_ row: Int) -> Int { keyHead * attention.group + row / sequence.queries.count }
    /// The query of a row, among the sequence's queries.
    private func query(_ row: Int) -> Int { row % sequence.queries.count }

    /// - Parameters:
    ///   - sums: `[rows][sumsRow]`: written, the weighted sums.
    ///   - note: Receives each row's reference exponent and sum of weights.
    func attend(
        query: UnsafePointer<Float>, biases: BiasAddresses, sums: UnsafeMutablePointer<Float>,
        sumsRow: Int,
        note: (_ row: Int, _ maximum: Float, _ total: Float) -> Void
    ) {
        packQueries(query)
        multiply()
        withUnsafeTemporaryAllocation(of: ak_decode_row.self, capacity: rowCount) { rows in
            var isMasked = false
            for row in 0..<rowCount {
                let (described, hidesKeys) = describe(row, biases)
                rows.initializeElement(at: row, to: described)
                isMasked = isMasked || hidesKeys
                table.pointee.decode.softmax(rows.baseAddress! + row)
                note(row, rows[row].maximum, rows[row].total)
            }
            sums.update(repeating: 0, count: rowCount * sumsRow)
            addValues(guarded: isMasked && someValueIsNotFinite(), rows, sums, sumsRow)
        }
    }

    private func packQueries(_ query: UnsafePointer<Float>) {
        let (strides, width) = (attention.queryStrides, Int64(problem.headWidth))
        for row in 0..<rowCount {
            let source =
                query + sequence.batch * strides.batch + head(row) * strides.head
                + (sequence.queries.lowerBound + self.query(row)) * strides.row
            var factor = problem.factors[head(row)]
            if attention.isCosine {
                var norm: Float = 0
                table.pointee.inverse_norms(source, 0, 1, width, &norm)
                factor *= norm
            }
            table.pointee.decode.pack_query(
                source, width, attention.softcap.map { factor / $0 } ?? factor * .log2e,
                sequence.rows.type, scratch.queries + row * scratch.layout.queryRow)
        }
    }

    /// The scores of all rows.
    private func multiply() {
        sequence.rows.forEachRun(keys) { part in
            var run = sequence.rows.keys(part, head: keyHead)
            run.position = Int32(part.lowerBound - range.lowerBound)
            table.pointee.decode.scores(
                &run, scratch.queries, Int64(rowCount), scratch.scores, Int64(DecodeSequence.chunk))
            if attention.isCosine {
                table.pointee.decode.inverse_norms(&run, scratch.keyNorms)
            }
        }
    }

    /// The mask, bias and scale of a row's scores, for the kernel; and whether some of the keys that are
    /// multiplied may be hidden from the row.
    private func describe(_ row: Int, _ biases: BiasAddresses) -> (ak_decode_row, hidesKeys: Bool) {
        let seen = sequence.visible(query: query(row), head: head(row)).clamped(to: keys)
        var result = ak_decode_row()
        result.scores = scratch.scores + row * DecodeSequence.chunk
        result.begin = Int32(keys.lowerBound - range.lowerBound)
        result.end = Int32(keys.upperBound - range.lowerBound)
        result.first = Int32(seen.lowerBound - range.lowerBound)
        result.last = Int32(seen.upperBound - range.lowerBound)
        if attention.isCosine { result.key_scale = UnsafePointer(scratch.keyNorms) }
        result.softcap = attention.softcap.map { $0 * .log2e } ?? 0
        result.slope = problem.slopes.map { $0[head(row)] * .log2e } ?? 0
        result.distance = Float(sequence.position + query(row) - range.lowerBound)
        let bias = bias(row, seen, biases)
        result.bias = bias.address
        return (result, bias.hidesKeys || seen != keys)
    }

    /// Bias and mask of a row, for each key of the chunk; and whether they may hide keys.
    private func bias(
        _ row: Int, _ seen: Range<Int>, _ biases: BiasAddresses
    ) -> (address: UnsafePointer<Float>?, hidesKeys: Bool) {
        let (head, position) = (head(row), sequence.position + query(row))
        let additive = biases.additive(
            batch: sequence.batch, head: head, row: sequence.queries.lowerBound + query(row),
            key: range.lowerBound)
        let byDistance = biases.byDistance(head: head, position: position, key: range.lowerBound)
        let isHidden = hidesKeys(row, seen)
        guard isHidden || biases.areTwo else { return (additive ?? byDistance, additive != nil) }
        let own = scratch.bias + row * DecodeSequence.chunk
        own.update(repeating: 0, count: DecodeSequence.chunk)
        let first = seen.lowerBound - range.lowerBound
        for bias in [additive, byDistance] {
            guard let bias, !seen.isEmpty else { continue }
            table.pointee.elementwise.add(own + first, bias + first, Int64(seen.count), own + first)
        }
        if isHidden { hideKeys(row, seen, own) }
        return (UnsafePointer(own), true)
    }

    /// Whether the mask hides some of the keys within the visible range.
    private func hidesKeys(_ row: Int, _ seen: Range<Int>) -> Bool {
        guard !attention.hasIntervalMask, !seen.isEmpty else { return false }
        let position = sequence.position + query(row)
        let site = AttentionSite(batch: sequence.batch, head: head(row), keys: sequence.keyCount)
        switch problem.parameters.mask.coverage(queries: position..<position + 1, keys: seen, at: site) {
        case .full: return false
        case .empty, .partial: return true
        }
    }

    private func hideKeys(_ row: Int, _ seen: Range<Int>, _ bias: UnsafeMutablePointer<Float>) {
        let (mask, position) = (problem.parameters.mask, sequence.position + query(row))
        let site = AttentionSite(batch: sequence.batch, head: head(row), keys: sequence.keyCount)
        for first in stride(from: seen.lowerBound, to: seen.upperBound, by: 64) {
            let part = first..<min(first + 64, seen.upperBound)
            let bits = mask.visibleBits(query: position, keys: part, at: site)
            for key in part where bits >> UInt64(key - first) & 1 == 0 {
                bias[key - range.lowerBound] = -.infinity
            }
        }
    }

    private func someValueIsNotFinite() -> Bool {
        var found = false
        sequence.rows.forEachRun(keys) { part in
            var run = sequence.rows.values(part, head: keyHead)
            found = found || table.pointee.decode.has_nonfinite(&run) != 0
        }
        return found
    }

    private func addValues(
        guarded: Bool, _ rows: UnsafeMutableBufferPointer<ak_decode_row>, _ sums: UnsafeMutablePointer<Float>,
        _ sumsRow: Int
    ) {
        sequence.rows.forEachRun(keys) { part in
            var run = sequence.rows.values(part, head: keyHead)
            run.position = Int32(part.lowerBound - range.lowerBound)
            if guarded {
                for row in 0..<rowCount {
                    table.pointee.decode.guarded_values(&run, rows.baseAddress! + row, sums + row * sumsRow)
                }
            } else {
                table.pointee.decode.values(
                    &run, scratch.scores, Int64(rowCount), Int64(DecodeSequence.chunk), sums)
            }
        }
    }
}
