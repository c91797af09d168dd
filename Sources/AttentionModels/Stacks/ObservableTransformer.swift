import Attention

/// A stack of layers whose self-attention can be looked at.
public protocol ObservableTransformer: Sendable {
    /// L
    var layerCount: Int { get }
    /// Hq of a layer.
    func headCount(ofLayer layer: Int) -> Int
    /// Reads a batch, and shows each layer's attention, in order. Nothing else is kept.
    ///
    /// - Throws: `TensorError.invalidArgument` for a sequence that is too long or an id that the model does
    ///   not have; what `body` throws.
    func observe(
        _ batch: SequenceBatch, _ body: @escaping (_ layer: Int, AttentionObservation) throws -> Void) throws
}

extension EncoderTransformer: ObservableTransformer {
    public var layerCount: Int { configuration.blocks.count }
    public func headCount(ofLayer layer: Int) -> Int { configuration.blocks[layer].attention.heads }

    public func observe(
        _ batch: SequenceBatch, _ body: @escaping (_ layer: Int, AttentionObservation) throws -> Void
    ) throws {
        _ = try self(batch, observe: body)
    }
}

extension DecoderTransformer: ObservableTransformer {
    public var layerCount: Int { configuration.blocks.count }
    public func headCount(ofLayer layer: Int) -> Int { configuration.blocks[layer].attention.heads }

    public func observe(
        _ batch: SequenceBatch, _ body: @escaping (_ layer: Int, AttentionObservation) throws -> Void
    ) throws {
        _ = try hiddenStates(batch, observe: body)
    }
}

extension ObservableTransformer {
    /// The most heads of a layer.
    public var headCount: Int { (0..<layerCount).map(headCount(ofLayer:)).max() ?? 0 }
}
