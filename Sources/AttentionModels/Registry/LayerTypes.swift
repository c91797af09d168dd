import AttentionJSON
/// `layer_types`: which layers see everything, and which have a window.
enum LayerTypes {
    /// Whether each layer has a window.
    ///
    /// - Throws: ``ModelConfigurationError`` unless there is a known entry for each layer.
    static func areSliding(_ types: [String], layers: Int) throws(ModelConfigurationError) -> [Bool] {
        guard types.count == layers else {
            throw .unsupported(
                field: "layer_types", value: "\(types.count) entries",
                supported: "one for each of \(layers) layers")
        }
        if let type = types.first(where: { ![full, sliding].contains(exactly: $0) }) {
            throw .unsupported(field: "layer_types", value: "'\(type)'", supported: "\(full), \(sliding)")
        }
        return types.map { [sliding].contains(exactly: $0) }
    }

    static let full = "full_attention"
    static let sliding = "sliding_attention"
}

extension TransformerConfiguration {
    /// Changes every block, from the first to the last.
    public mutating func updateBlocks(_ body: (_ layer: Int, inout BlockConfiguration) throws -> Void)
        rethrows
    {
        for layer in blocks.indices { try body(layer, &blocks[layer]) }
    }

    /// Gives causal layers a window.
    ///
    /// - Parameters:
    ///   - window: How many positions a query sees, its own included; nil: all.
    ///   - isWindowed: Whether a layer has it.
    mutating func setWindow(_ window: Int?, where isWindowed: (_ layer: Int) -> Bool = { _ in true }) {
        updateBlocks { layer, block in
            if isWindowed(layer) { block.attention.span = .causal(window: window) }
        }
    }
}
