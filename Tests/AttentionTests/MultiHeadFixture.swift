import Attention
import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport

/// A case of `nn.MultiheadAttention`, or of the same as four linear layers.
struct MultiHeadFixture: Decodable, Sendable {
    let batch, heads, width, queries, keys, kdim, vdim: Int
    let bias, causal, selfAttention, packed: Bool
    let lengths: [Int]?
    let float32Error: Double

    static func cases(_ name: String) throws -> [FixtureCase<MultiHeadFixture>] {
        let file = try SafetensorsFile(path: Locations.fixture("AttentionTests", name).path)
        return try Fixture(file, metadata: file.metadata).cases()
    }

    func mask(batch: Int? = nil) -> any AttentionMask {
        var mask: any AttentionMask = .full
        if causal { mask = mask & .causal }
        if let lengths { mask = mask & .keyPadding(lengths: batch.map { [lengths[$0]] } ?? lengths) }
        return mask
    }

    func attention(_ tensors: FixtureTensors) throws -> AttentionOperator {
        guard let additive = try tensors.tensorIfPresent("attn_mask") else { return AttentionOperator() }
        let shape: Shape = additive.rank == 2 ? additive.shape : [batch, heads, queries, keys]
        return AttentionOperator(bias: .additive(try additive.reshaped(to: shape)))
    }
}
