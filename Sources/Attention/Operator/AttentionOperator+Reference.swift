import AttentionTensors

extension AttentionOperator {
    /// A step of the computation of the weights.
    public enum ScoreStage: Int, Sendable {
        /// Scaled similarity of query and key.
        case scores
        /// After the softcap.
        case capped
        /// After bias and mask: −∞ where a query does not look.
        case masked
        /// After the softmax.
        case weights
    }

    /// Attention by its definition, in double precision: slow, and short enough to be checked by eye. The
    /// tiled path is tested against it. It has no recorded backward pass: see
    /// ``referenceBackward(query:key:value:outputGradient:)``.
    ///
    /// - Parameters and result: as for ``callAsFunction(query:key:value:)``.
    public func reference(query: Tensor, key: Tensor, value: Tensor) throws -> Output {
        let problem = try AttentionProblem(self, query: query, key: key, value: value)
        let extent = problem.extent
        var output: [Float] = []
        var logSumExp: [Float] = []
        for batch in 0..<extent.batch {
            for head in 0..<extent.heads {
                let values = problem.rows(of: problem.value, batch, head / problem.group)
                let rows = problem.referenceScores(.masked, batch: batch, head: head)
                for (row, scores) in rows.enumerated() {
                    let (weights, total) = softmax(scores, sink: problem.sinks?[head])
                    let kept = problem.kept(batch: batch, head: head, row: row)
                    logSumExp.append(Float(total))
                    for column in 0..<problem.valueWidth {
                        var sum = 0.0
                        for key in 0..<extent.keys where scores[key] != -.infinity {
                            sum += weights[key] * kept(key) * values[key][column]
                        }
                        output.append(Float(sum))
                    }
                }
            }
        }
        let shape: Shape = [extent.batch, extent.heads, extent.queries]
        let isRecorded = isWatched(query, key, value)
        return Output(
            values: try Tensor(output, shape: Shape(shape.extents + [problem.valueWidth]))
                .recordedWithoutBackward(as: "reference attention", if: isRecorded),
            logSumExp: try Tensor(logSumExp, shape: shape)
                .recordedWithoutBackward(as: "reference attention", if: isRecorded))
    }

    /// The whole Nq × Nk matrix of scores or weights, by definition. For learning and for tests.
    ///
    /// - Returns: `[B, Hq, Nq, Nk]`.
    public func referenceScores(query: Tensor, key: Tensor, stage: ScoreStage) throws -> Tensor {
        let problem = try AttentionProblem(self, query: query, key: key, value: key)
        let extent = problem.extent
        var rows: [Float] = []
        for batch in 0..<extent.batch {
            for head in 0..<extent.heads {
                let sink = problem.sinks?[head]
                for scores in problem.referenceScores(stage, batch: batch, head: head) {
                    rows += (stage == .weights ? softmax(scores, sink: sink).weights : scores).map {
                        Float($0)
                    }
                }
            }
        }
        return try Tensor(rows, shape: [extent.batch, extent.heads, extent.queries, extent.keys])
            .recordedWithoutBackward(as: "reference scores", if: isWatched(query, key, key))
    }

    /// exp(sⱼ) / Σⱼ exp(sⱼ) and log Σⱼ exp(sⱼ), the sink among the sums; zeros and −∞ where all scores are
    /// −∞.
    func softmax(_ scores: [Double], sink: Float?) -> (weights: [Double], logSumExp: Double) {
        let sink = sink.map { Double($0) } ?? -.infinity
        // The maximum of a number and NaN is the number; NaN comes back with its own power.
        let largest = scores.reduce(sink) { Double.maximum($0, $1) }
        guard largest != -.infinity || scores.contains(where: \.isNaN) else {
            return (scores.map { _ in 0 }, -.infinity)
        }
        let powers = scores.map { Double.exp($0 - largest) }
        let total = powers.reduce(Double.exp(sink - largest), +)
        return (powers.map { $0 / total }, largest + Double.log(total))
    }
}

extension AttentionProblem {
    /// The scores of one head, a row for each query: cap · tanh(scale · q·k / cap) + bias, −∞ where masked.
    func referenceScores(
        _ stage: AttentionOperator.ScoreStage, batch: Int, head: Int
    ) -> [[Double]] {
        let keys = rows(of: key, batch, head / group)
        let scale = Double(factors[head])
        return rows(of: query, batch, head).enumerated().map { row, q in
            keys.enumerated().map { column, k in
                var score = scale * (parameters.score.isCosine ? cosine(q, k) : dot(q, k))
                if stage == .scores { return score }
                if let cap = parameters.softcap.map({ Double($0) }) { score = cap * Double.tanh(score / cap) }
                if stage == .capped { return score }
                return biasedAndMasked(score, batch: batch, head: head, row: row, column: column)
            }
        }
    }

    private func biasedAndMasked(_ score: Double, batch: Int, head: Int, row: Int, column: Int) -> Double {
        let site = AttentionSite(batch: batch, head: head, keys: extent.keys)
        let position = positions[row]
        let isVisible = visibleKeys(row: row, batch: batch, head: head).contains(column)
        guard isVisible, parameters.mask.allows(query: position, key: column, at: site) else {
            return -.infinity
        }
        var score = score
        if let slopes {
            score -= Double(slopes[head]) * Double(abs(position - column))
        }
        if let relative = parameters.bias.relative {
            score += Double(relative.table[relative.bucket(distance: column - position), head])
        }
        if let bias = bias?[batch, head, row, column] {
            // A bias that overflows in the kernels' units stands for −∞.
            if bias * Float.log2e == -.infinity { return -.infinity }
            score += Double(bias)
        }
        return score
    }

    /// The factors by which dropout multiplies a row's weights.
    func kept(batch: Int, head: Int, row: Int) -> (_ key: Int) -> Double {
        guard let dropout = parameters.dropout else { return { _ in 1 } }
        let key = dropout.key.folded(with: batch)
        let place = UInt32(truncatingIfNeeded: row * extent.heads + head)
        return { key.word(low: place, high: UInt32($0)) < dropout.threshold ? 0 : Double(dropout.scale) }
    }

    /// The rows of one head of `tensor`, in double precision.
    func rows(of tensor: Tensor, _ batch: Int, _ head: Int) -> [[Double]] {
        let width = tensor.shape[3]
        let scalars = tensor.selecting(axis: 0, batch).selecting(axis: 0, head).scalars
        return (0..<tensor.shape[2]).map { row in (0..<width).map { Double(scalars[row * width + $0]) } }
    }

    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    func cosine(_ a: [Double], _ b: [Double]) -> Double {
        let norms = (dot(a, a) * dot(b, b)).squareRoot()
        return norms == 0 ? 0 : dot(a, b) / norms
    }
}
