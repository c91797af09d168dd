import AttentionTensors

extension AttentionOperator {
    /// Attention with the log-sum-exp, recorded if any of its inputs is watched.
    func recordedForward(query: Tensor, key: Tensor, value: Tensor) throws -> Output {
        let problem = try AttentionProblem(
            detached(), query: query.detached(), key: key.detached(), value: value.detached())
        let output = try TiledAttention(problem).forward()
        guard isWatched(query, key, value) else { return output }
        let inputs: [Tensor?] = [
            query, key, value, bias.additive, bias.slopes, bias.relative?.table, score.temperature, sinks,
        ]
        let kinds: [Inputs] = [.query, .key, .value, .bias, .slopes, .relative, .temperature, .sinks]
        let values = output.values.recorded(as: "attention", from: inputs) {
            gradient, needs throws(TensorError) -> [Tensor?] in
            let wanted = zip(kinds, needs).reduce(into: Inputs()) { if $1.1 { $0.insert($1.0) } }
            let found = try problem.gradients(output: output, outputGradient: gradient, of: wanted)
            return [
                found.query, found.key, found.value, found.bias, found.slopes, found.relative,
                found.temperature, found.sinks,
            ]
        }
        let logSumExp = output.logSumExp.recordedWithoutBackward(as: "log-sum-exp of attention", if: true)
        return Output(values: values, logSumExp: logSumExp)
    }

    /// Whether any input of attention is watched.
    func isWatched(_ query: Tensor, _ key: Tensor, _ value: Tensor) -> Bool {
        Tensor.isAnyWatched(query, key, value, bias.additive, bias.slopes, sinks)
            || Tensor.isAnyWatched(bias.relative?.table, score.temperature)
    }

    /// The same operator with detached tensors.
    func detached() -> AttentionOperator {
        var result = self
        if let temperature = score.temperature { result.score = .cosine(temperature: temperature.detached()) }
        result.bias = AttentionBias(
            additive: bias.additive?.detached(), slopes: bias.slopes?.detached(),
            relative: bias.relative?.detached())
        result.sinks = sinks?.detached()
        return result
    }
}
