extension Linear {
    /// The outputs of several layers for one input, computed together. The bits are those of one layer after
    /// another.
    ///
    /// - Parameter x: `[…, inputs]`
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    package static func outputs(of layers: [Linear], _ x: Tensor) throws(TensorError) -> [Tensor] {
        guard x.isWatched || layers.contains(where: \.isWatched) else { return try products(x, with: layers) }
        var outputs: [Tensor] = []
        for layer in layers { outputs.append(try layer(x)) }
        return outputs
    }

    /// The same outputs, unrecorded, with an activation of every output. With few rows, memory limits the
    /// speed, and a join between layers would leave it idle; so a thread that has ended its part of one layer
    /// goes on with the next.
    static func products(
        _ x: Tensor, with layers: [Linear], activation: Activation = .identity
    ) throws(TensorError) -> [Tensor] {
        for layer in layers where x.shape.last != layer.inputs {
            throw .shapeMismatch(
                tensor: "input of a linear layer", expected: "[…, \(layer.inputs)]", found: x.shape)
        }
        let x = x.contiguous()
        let inputs = x.shape.last ?? 0
        let rows = x.shape.dropLast().reduce(1, *)
        let storages = layers.map { TensorStorage(byteCount: rows * $0.outputs * MemoryLayout<Float>.stride) }
        if rows > 0 {
            x.withElementPointer { elements in
                var input = LayerInput(elements, rows: rows, inputs: inputs)
                PieceLoop.run(
                    layers.indices.map { index in
                        layers[index].weight.pieces(
                            &input, layers[index].bias?.withElementPointer { $0 }, activation,
                            into: storages[index].baseAddress.assumingMemoryBound(to: Float.self))
                    })
                withExtendedLifetime((layers, input)) {}  // the pieces know only addresses
            }
        }
        return layers.indices.map { index in
            var extents = x.shape.extents
            extents[extents.count - 1] = layers[index].outputs
            let shape = Shape(extents)
            return Tensor(shape: shape, strides: shape.contiguousStrides, offset: 0, storage: storages[index])
        }
    }
}
