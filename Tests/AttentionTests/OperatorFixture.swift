import Attention
import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport

/// `operator.safetensors`: the operator in float64, with the error of the same in float32.
struct OperatorFixture: Decodable, Sendable {
    let batch, heads, queries, keys, valueWidth: Int
    let score: String
    let scale: Float
    let temperature, softcap: Float?
    let causal: String?
    let windowLeft, windowRight: Int?
    let queryOffset: Int
    let segments, lengths: [Int]?
    let alibi, poison: Bool
    let float32Error: Double

    static func cases() throws -> [FixtureCase<OperatorFixture>] {
        let file = try SafetensorsFile(path: Locations.fixture("AttentionTests", "operator.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases()
    }

    /// The case as the operator says it.
    func attention(_ tensors: FixtureTensors) throws -> AttentionOperator {
        var bias = AttentionBias.none
        if let additive = try tensors.tensorIfPresent("bias") { bias = .additive(additive) }
        if let slopes = try tensors.tensorIfPresent("alibi_slopes") {
            bias = try bias + .alibi(slopes: slopes.scalars)
        }
        return AttentionOperator(
            score: score == "cosine"
                ? .cosine(temperature: temperature ?? 1) : .scaledDotProduct(scale: scale),
            softcap: softcap, mask: try mask(tensors), bias: bias,
            alignment: comparesPositions || causal != "bottomRight" ? .offset(queryOffset) : .bottomRight)
    }

    /// Whether a mask or bias other than the causal mask depends on positions.
    private var comparesPositions: Bool { windowLeft != nil || alibi }

    private func mask(_ tensors: FixtureTensors) throws -> any AttentionMask {
        var mask: any AttentionMask = .full
        if let causal {
            // Windows and ALiBi have an offset of their own in the fixture: where the causal mask's is
            // another one, it is said as a predicate.
            let reach = (causal == "bottomRight" ? keys - queries : 0) - queryOffset
            let isPlain = !comparesPositions || reach == 0
            mask = isPlain ? mask & .causal : mask & .predicate { query, key, _ in key <= query + reach }
        }
        if let windowLeft, let windowRight {
            mask = mask & .slidingWindow(before: windowLeft, after: windowRight)
        }
        if let segments { mask = try mask & BlockDiagonalMask(queryLengths: segments) }
        if let lengths { mask = mask & .keyPadding(lengths: lengths) }
        if tensors.contains("allowed") {
            let shape = try tensors.stored("allowed").shape
            mask = mask & .booleans(try tensors.booleans("allowed"), shape: shape)
        }
        return mask
    }
}

extension AttentionMask where Self == PredicateMask {
    /// A stored mask, true where a query may look: `[Nq, Nk]` with up to two leading axes, of extent 1 where
    /// they serve all. Keys beyond its last axis are masked.
    static func booleans(_ allowed: [Bool], shape: Shape) -> PredicateMask {
        let extents = [Int](repeating: 1, count: 4 - shape.rank) + shape.extents
        return .predicate { query, key, site in
            guard key < extents[3] else { return false }
            let batch = extents[0] == 1 ? 0 : site.batch
            let head = extents[1] == 1 ? 0 : site.head
            return allowed[
                ((batch * extents[1] + head) * extents[2] + (extents[2] == 1 ? 0 : query)) * extents[3] + key]
        }
    }
}
