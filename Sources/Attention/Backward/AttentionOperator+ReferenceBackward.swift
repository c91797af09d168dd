import AttentionTensors

extension AttentionOperator {
    /// The gradients by their definition, in double precision: slow, and short enough to be checked by eye.
    /// The tiled path is tested against it.
    ///
    /// - Parameters and result: as for ``backward(query:key:value:output:outputGradient:of:)``.
    public func referenceBackward(
        query: Tensor, key: Tensor, value: Tensor, outputGradient: Tensor
    ) throws -> Gradients {
        let problem = try AttentionProblem(self, query: query, key: key, value: value)
        var sums = ReferenceGradients(problem)
        for batch in 0..<problem.extent.batch {
            for head in 0..<problem.extent.heads {
                sums.add(problem, self, batch: batch, head: head, outputGradient: outputGradient)
            }
        }
        return try sums.gradients(problem)
            .recorded(if: isWatched(query, key, value) || outputGradient.isWatched)
    }
}

/// The sums of gradients so far.
private struct ReferenceGradients {
    /// `[B][H][N][width]`
    private typealias Rows = [[[[Double]]]]
    private var query, key, value: Rows
    /// The gradient of the bias, in the order of its elements.
    private var bias: [Double]
    private let biasStrides: [Int]
    private var slopes, temperature, sinks: [Double]
    /// `[buckets][Hq]`
    private var relative: [Double]

    init(_ problem: AttentionProblem) {
        func zeros(_ shape: Shape) -> Rows {
            let row = [Double](repeating: 0, count: shape[3])
            return Rows(
                repeating: Array(repeating: Array(repeating: row, count: shape[2]), count: shape[1]),
                count: shape[0])
        }
        query = zeros(problem.query.shape)
        key = zeros(problem.key.shape)
        value = zeros(problem.value.shape)
        let shape = problem.parameters.bias.additive?.shape ?? []
        bias = [Double](repeating: 0, count: shape.elementCount)
        biasStrides =
            [Int](repeating: 0, count: 4 - shape.rank)
            + zip(shape, shape.contiguousStrides).map { $0 == 1 ? 0 : $1 }
        slopes = [Double](repeating: 0, count: problem.extent.heads)
        relative = [Double](
            repeating: 0, count: problem.parameters.bias.relative?.table.elementCount ?? 0)
        temperature = slopes
        sinks = slopes
    }

    mutating func add(
        _ problem: AttentionProblem, _ attention: AttentionOperator, batch: Int, head: Int,
        outputGradient: Tensor
    ) {
        let keyHead = head / problem.group
        let queries = problem.rows(of: problem.query, batch, head)
        let keys = problem.rows(of: problem.key, batch, keyHead)
        let values = problem.rows(of: problem.value, batch, keyHead)
        let gradients = problem.rows(of: outputGradient, batch, head)
        let scores = problem.referenceScores(.masked, batch: batch, head: head)
        let raw = problem.referenceScores(.scores, batch: batch, head: head)
        for row in 0..<problem.extent.queries {
            let (weights, total) = attention.softmax(scores[row], sink: problem.sinks?[head])
            let kept = problem.kept(batch: batch, head: head, row: row)
            let visible = (0..<problem.extent.keys).filter { scores[row][$0] != -.infinity }
            var weightGradients = [Double](repeating: 0, count: problem.extent.keys)
            for key in visible {
                weightGradients[key] = kept(key) * problem.dot(gradients[row], values[key])
                let weight = weights[key] * kept(key)
                for column in values[key].indices {
                    value[batch][keyHead][key][column] += weight * gradients[row][column]
                }
            }
            // The softmax: dS = P ∘ (dP − Σ P dP).
            let delta = visible.reduce(0) { $0 + weights[$1] * weightGradients[$1] }
            for key in visible {
                let gradient = weights[key] * (weightGradients[key] - delta)
                addScore(
                    problem, gradient, raw[row][key], queries[row], keys[key], batch: batch, head: head,
                    row: row,
                    key: key)
            }
            if let sink = problem.sinks?[head], total != -.infinity {
                sinks[head] -= Double.exp(Double(sink) - total) * delta
            }
        }
    }

    /// Adds the contribution of one score's gradient, after softcap and bias, to the inputs' gradients.
    private mutating func addScore(
        _ problem: AttentionProblem, _ gradient: Double, _ raw: Double, _ q: [Double], _ k: [Double],
        batch: Int,
        head: Int, row: Int, key: Int
    ) {
        if problem.bias != nil {
            bias[
                batch * biasStrides[0] + head * biasStrides[1] + row * biasStrides[2] + key * biasStrides[3]] +=
                gradient
        }
        if let bias = problem.parameters.bias.relative {
            let bucket = bias.bucket(distance: key - problem.positions[row])
            relative[bucket * problem.extent.heads + head] += gradient
        }
        slopes[head] -= gradient * Double(abs(problem.positions[row] - key))
        var gradient = gradient
        if let cap = problem.parameters.softcap.map({ Double($0) }) {
            let bend = Double.tanh(raw / cap)
            gradient *= 1 - bend * bend
        }
        let factor = Double(problem.factors[head])
        temperature[head] -= gradient * raw * factor
        let keyHead = head / problem.group
        guard problem.parameters.score.isCosine else {
            for column in q.indices {
                query[batch][head][row][column] += gradient * factor * k[column]
                self.key[batch][keyHead][key][column] += gradient * factor * q[column]
            }
            return
        }
        // cos = q·k / (‖q‖ ‖k‖):  d cos / dq = k / (‖q‖ ‖k‖) − cos · q / ‖q‖²
        let squares = (problem.dot(q, q), problem.dot(k, k))
        guard squares.0 > 0, squares.1 > 0 else { return }
        let norms = (squares.0 * squares.1).squareRoot()
        let cosine = problem.dot(q, k) / norms
        for column in q.indices {
            query[batch][head][row][column] +=
                gradient * factor * (k[column] / norms - cosine * q[column] / squares.0)
            self.key[batch][keyHead][key][column] +=
                gradient * factor * (q[column] / norms - cosine * k[column] / squares.1)
        }
    }

    func gradients(_ problem: AttentionProblem) throws -> AttentionOperator.Gradients {
        let parameters = problem.parameters
        func tensor(_ numbers: [Double], _ shape: Shape) throws -> Tensor {
            try Tensor(numbers.map { Float($0) }, shape: shape)
        }
        func flat(_ rows: Rows) -> [Double] { rows.flatMap { $0.flatMap { $0.flatMap { $0 } } } }
        let temperatures = parameters.score.temperature.map { shared in
            shared.elementCount == temperature.count ? temperature : [temperature.reduce(0, +)]
        }
        return AttentionOperator.Gradients(
            query: try tensor(flat(query), problem.query.shape),
            key: try tensor(flat(key), problem.key.shape),
            value: try tensor(flat(value), problem.value.shape),
            bias: try parameters.bias.additive.map { try tensor(bias, $0.shape) },
            slopes: problem.slopes == nil ? nil : try tensor(slopes, [slopes.count]),
            relative: try parameters.bias.relative.map { try tensor(relative, $0.table.shape) },
            temperature: try temperatures.map { try tensor($0, [$0.count]) },
            sinks: problem.sinks == nil ? nil : try tensor(sinks, [sinks.count]))
    }
}
