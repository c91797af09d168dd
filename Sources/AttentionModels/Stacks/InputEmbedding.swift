import AttentionTensors

/// What the first block gets: the sum of token, position and segment vectors, normalised in some models.
struct InputEmbedding: Sendable {
    var tokens: Embedding
    var positions: Embedding?
    var segments: Embedding?
    var norm: Norm?
    private let configuration: InputConfiguration

    init(_ reader: CheckpointReader) throws {
        let model = reader.configuration
        configuration = model.input
        tokens = try reader.table(.tokens, count: model.vocabulary)
        positions = try configuration.positions.map { try reader.table(.positions, count: $0.count) }
        segments =
            configuration.segments == 0 ? nil : try reader.table(.segments, count: configuration.segments)
        norm = try reader.norm(.embeddingNorm, configuration.norm)
    }

    /// - Parameters:
    ///   - batch: The tokens.
    ///   - past: The number of tokens before each sequence of the batch; nil: the sequences are whole texts.
    /// - Returns: `[1, tokens, M]`
    /// - Throws: `TensorError.invalidArgument` for an id that the model does not have, or a run that is
    ///   longer than the table of positions.
    func callAsFunction(
        _ batch: SequenceBatch, after past: [Int]? = nil
    ) throws(TensorError) -> Tensor {
        let ids = batch.ids
        var sum = try tokens(ids)
        if configuration.scale != 1 { sum = try sum * configuration.scale }
        if let segments {
            sum =
                try sum + segments(batch.typeIDs ?? [Int](repeating: 0, count: ids.count), what: "token type")
        }
        let placed = try positions?(numbers(batch, past), what: "position")
        if let norm {
            sum = try norm(sum, adding: placed)
        } else if let placed {
            sum = try sum + placed
        }
        return try sum.reshaped(to: [1, ids.count, tokens.width])
    }

    /// The rows of the table of positions.
    private func numbers(_ batch: SequenceBatch, _ past: [Int]?) throws(TensorError) -> [Int] {
        guard let table = configuration.positions else { return [] }
        let runs = batch.ranges.enumerated().map { (past: past?[$0] ?? 0, range: $1) }
        if let run = runs.first(where: { $0.past + $0.range.count > table.longestSequence }) {
            throw .invalidArgument(
                "a sequence of \(run.past + run.range.count) tokens is longer than the model's table of "
                    + "\(table.longestSequence) positions")
        }
        guard case .after(let padding) = table.numbering else {
            return runs.flatMap { $0.past..<$0.past + $0.range.count }
        }
        var numbers: [Int] = []
        for run in runs {
            var next = padding + run.past
            for id in batch.ids[run.range] {
                if id != padding { next += 1 }
                numbers.append(id == padding ? padding : next)
            }
        }
        return numbers
    }
}

extension InputConfiguration.PositionTable {
    /// The longest sequence that the table serves.
    public var longestSequence: Int {
        switch numbering {
        case .fromZero: count
        // A file may claim any number.
        case .after(let padding): padding < 0 ? 0 : max(count - 1 - padding, 0)
        }
    }
}

extension InputEmbedding: Parameterized {
    mutating func forEachParameter(_ body: ParameterVisitor) throws {
        try visit(&tokens, "tokens", body)
        try visit(&positions, "positions", body)
        try visit(&segments, "segments", body)
        try visit(&norm, "embeddingNorm", body)
    }
}
