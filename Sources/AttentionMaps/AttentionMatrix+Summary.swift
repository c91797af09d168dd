import Attention
import AttentionTensors
import Foundation

extension AttentionMatrix {
    /// The value that a cell of a summary shows.
    public enum CellValue: Sendable, CaseIterable {
        /// The mean of its weights.
        case mean
        /// The largest of its weights.
        case maximum
    }

    /// One head of a long text's map, cell by cell.
    ///
    /// - Parameters:
    ///   - summary: The map in small.
    ///   - batch: The element of the batch.
    ///   - head: Counted in the summary's heads, from 0.
    ///   - value: What a cell shows.
    public init(_ summary: WeightSummary, batch: Int = 0, head: Int, showing value: CellValue = .mean) {
        let values = value == .mean ? summary.means : summary.maxima
        self.init(
            queryCount: summary.rows, keyCount: summary.columns,
            weights: values.sliced(axis: 0, batch..<batch + 1).sliced(axis: 1, head..<head + 1).scalars)
    }

    /// The matrix alone as a picture, without names: for maps of thousands of tokens.
    ///
    /// A long text's weights differ by orders of magnitude, and in proportion nearly all of them would be
    /// white. So the colours follow a root, `(weight / largest)^contrast`.
    ///
    /// - Parameters:
    ///   - pixels: The side of a weight's square.
    ///   - contrast: 1 shows weights in proportion; less shows small ones.
    /// - Throws: ``AttentionMapError/tooLarge(width:height:)``, beyond 2²⁸ pixels, and
    ///   ``AttentionMapError/empty(_:)`` where there is nothing to show.
    public func png(pixels: Int = 1, contrast: Float = 0.3) throws(AttentionMapError) -> Data {
        guard queryCount > 0 else { throw .empty("queries") }
        guard keyCount > 0 else { throw .empty("keys") }
        let side = max(pixels, 1)
        let most = PixelCanvas.mostPixels
        guard side <= most / keyCount, side <= most / queryCount,
            keyCount * side <= most / (queryCount * side)
        else {
            throw .tooLarge(
                width: keyCount.multipliedReportingOverflow(by: side).partialValue,
                height: queryCount.multipliedReportingOverflow(by: side).partialValue)
        }
        let scale = largest > 0 ? largest : 1
        var picture: [UInt8] = []
        picture.reserveCapacity(keyCount * side * queryCount * side)
        for query in 0..<queryCount {
            let line = row(query).flatMap { weight in
                let place = Float(pow(Double(weight / scale), Double(contrast)))
                let level = UInt8(min(max(place, 0), 1) * Float(PixelCanvas.levels - 1))
                return [UInt8](repeating: level, count: side)
            }
            for _ in 0..<side { picture += line }
        }
        return Data(
            PNGEncoder.encode(
                pixels: picture, width: keyCount * side, height: queryCount * side,
                palette: PixelCanvas.palette))
    }
}
