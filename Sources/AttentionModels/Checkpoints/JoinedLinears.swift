import AttentionTensors

extension ScopedWeights {
    /// The linear layers whose outputs are stored below each other in one matrix, `name.weight`
    /// `[Σ outputs, inputs]` with `name.bias` `[Σ outputs]`.
    ///
    /// - Parameters:
    ///   - name: The name of all of them, in this scope.
    ///   - inputs: The width of their common input.
    ///   - outputs: The width of each.
    ///   - hasBias: Whether there must be a bias; otherwise one that is there is read all the same.
    ///   - isTransposed: Whether the matrix is stored `[inputs, Σ outputs]`.
    /// - Throws: `TensorError` for a missing or misshapen tensor; what the source throws.
    func linears(
        _ name: String, inputs: Int, outputs: [Int], hasBias: Bool, isTransposed: Bool = false
    ) throws -> [Linear] {
        let total = outputs.reduce(0, +)
        guard var weight = try storedTensor(named: "\(name).weight") else {
            throw TensorError.missingTensor(name: fullName(of: "\(name).weight"), source: label)
        }
        let expected: Shape = isTransposed ? [inputs, total] : [total, inputs]
        guard weight.shape == expected else {
            throw TensorError.shapeMismatch(
                tensor: "tensor '\(weight.name)' of \(label)", expected: "\(expected)", found: weight.shape)
        }
        if isTransposed { weight = try weight.transposed() }
        let biases =
            hasBias || contains("\(name).bias") ? try tensor("\(name).bias", shape: [total]) : nil
        var (layers, first): ([Linear], Int) = ([], 0)
        for count in outputs {
            let rows = first..<first + count
            let part = count == total ? weight : try weight.rows(rows)
            layers.append(try Linear(weight: part, bias: biases?.sliced(axis: 0, rows)))
            first += count
        }
        return layers
    }
}
