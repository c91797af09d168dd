import AttentionTensors

extension TiledAttention {
    /// The queries of one sequence of a batch: of a batch element, or of a packed sequence in it.
    struct Part: Hashable {
        let batch: Int
        let queries: Range<Int>
    }

    /// The least number of keys of a decoder's step. It is more than ``DecodeSequence/mostQueries``: a short
    /// text whose tokens attend to each other takes the tiled path, alone as well as among others.
    private static let leastKeys = 16

    /// Computes the parts that are a decoder's step, and returns them. The choice for a part depends on its
    /// own lengths alone.
    func decode(into results: Results) -> Set<Part> {
        guard problem.cached == nil, problem.parameters.dropout == nil else { return [] }
        let parts = problem.parts.filter { $0.queries.count <= DecodeSequence.mostQueries }
        guard !parts.isEmpty else { return [] }
        return problem.query.withElementPointer { query in
            problem.key.withElementPointer { key in
                problem.value.withElementPointer { value in
                    problem.withBiases { biases in
                        let steps = parts.map { step($0, key, value) }.filter {
                            $0.keys.count >= Self.leastKeys
                        }
                        guard !steps.isEmpty else { return [] }
                        DecodeAttention(problem: problem, kernels: kernels, sequences: steps)
                            .run(query: query, biases: biases, into: results)
                        return Set(steps.map { Part(batch: $0.batch, queries: $0.queries) })
                    }
                }
            }
        }
    }

    private func step(
        _ part: Part, _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>
    ) -> DecodeSequence {
        let rows = CachedRows(
            key: key + part.batch * problem.key.strides[0], problem.key,
            value: value + part.batch * problem.value.strides[0], problem.value)
        // Chunks are counted from the first key that is seen: a packed or padded sequence has the bits that
        // it has alone.
        return DecodeSequence(
            problem, batch: part.batch, queries: part.queries,
            position: problem.positions[part.queries.lowerBound],
            keyCount: problem.extent.keys, anchor: nil, rows: rows)
    }
}

extension AttentionProblem {
    /// The sequences that have queries and heads.
    var parts: [TiledAttention.Part] {
        guard extent.heads > 0, extent.queries > 0 else { return [] }
        let cuts = queryCuts
        let ranges = zip([0] + cuts, cuts + [extent.queries]).map { $0..<$1 }.filter { !$0.isEmpty }
        return (0..<extent.batch).flatMap { batch in
            ranges.map { TiledAttention.Part(batch: batch, queries: $0) }
        }
    }
}
