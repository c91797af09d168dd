import Attention
import AttentionTensors

/// The tokens of a step whose logits are computed.
public enum LogitRows: Hashable, Sendable {
    /// The last token of each run.
    case last
    /// All tokens.
    case all
}

extension DecoderTransformer {
    /// An empty cache for this model.
    ///
    /// - Parameters:
    ///   - sequences: How many sequences there are at first.
    ///   - capacity: The most positions of each. Memory is taken as sequences grow.
    ///   - storage: How keys and values are written down.
    ///   - textLength: How long the texts may become. The frequencies of LongRoPE and of dynamic NTK depend
    ///     on it (see `RotaryEmbedding`); it changes nothing in other models. nil: the capacity.
    /// - Throws: `TensorError.invalidArgument` for sizes that cannot be.
    public func makeCache(
        sequences: Int = 1, capacity: Int, storage: KeyValueStorage = .float32, textLength: Int? = nil
    ) throws -> DecoderCache {
        // Pages, so that a cache takes memory for what it holds, and sequences that begin alike share it.
        var pools: [KeyValueLayout: KeyValuePagePool] = [:]
        let layers = try configuration.blocks.map { block in
            let layout = try block.attention.layout(storage)
            // exact-text: the storages' names are the package's own.
            let known = pools[layout]
            let pool = try known ?? KeyValuePagePool(layout: layout, pageLength: 128, pageLimit: .max)
            pools[layout] = pool  // exact-text: the storages' names are the package's own
            return try KeyValueCache(
                sequences: sequences, capacity: capacity, pool: pool, window: block.attention.span.window)
        }
        let fitted =
            stack.rotary.dependsOnLength ? try stack.rotary.fitted(toLength: textLength ?? capacity) : nil
        return DecoderCache(layers: layers, capacity: capacity, rotary: fitted)
    }

    /// Whether texts in a cache of this model have the positions that texts of another length have. If not, a
    /// text that becomes so long is to be read again from its beginning, into a new cache.
    public func suits(_ cache: DecoderCache, textLength: Int) -> Bool {
        guard stack.rotary.dependsOnLength, let fitted = try? stack.rotary.fitted(toLength: textLength) else {
            return true
        }
        return cache.rotary == fitted
    }

    /// Reads a run of tokens after what the cache holds of each sequence, and gives the logits of what comes
    /// next.
    ///
    /// A sequence's logits have the same bits alone and beside others. Runs of up to eight tokens have the
    /// same bits as their tokens one at a time.
    ///
    /// - Parameters:
    ///   - runs: The new tokens of each sequence, at least one.
    ///   - cache: A cache of this model. If an error is thrown, it is as it was.
    ///   - sequences: The sequence of the cache that each run belongs to; nil: as many as there are, in
    ///     order.
    ///   - rows: The tokens whose logits are computed.
    /// - Returns: `[rows, V]`: a row for each run, or for each token, run after run. A step has no backward
    ///   pass: if the model is watched, a gradient through the result is an error.
    /// - Throws: `TensorError.invalidArgument` for ids that the model does not have, an empty run, or a cache
    ///   of another model; `KeyValueCacheError` where a sequence has no room.
    public func callAsFunction(
        _ runs: [[Int]], cache: inout DecoderCache, sequences: [Int]? = nil, logits rows: LogitRows = .last
    ) throws -> Tensor {
        let sequences = sequences ?? Array(0..<cache.count)
        let lengths = runs.map(\.count)
        try check(lengths, cache, sequences)
        let before = cache.lengths
        do {
            let hidden = try read(runs, after: sequences.map { before[$0] }, &cache, sequences)
            guard rows == .last else { return try logits(normalized(hidden)) }
            var end = 0
            let last = lengths.map { length in
                end += length
                return end - 1
            }
            return try logits(normalized(hidden.selectingRows(last)))
        } catch {
            // The rows that some layers have appended already are removed.
            for index in cache.layers.indices {
                for sequence in sequences where cache.layers[index].lengths[sequence] > before[sequence] {
                    try? cache.layers[index].truncate(sequence: sequence, to: before[sequence])
                }
            }
            throw error
        }
    }

    private func normalized(_ hidden: Tensor) throws -> Tensor { try stack.outputNorm?(hidden) ?? hidden }

    /// The last hidden states `[tokens, M]`, not yet normalised.
    private func read(
        _ runs: [[Int]], after past: [Int], _ cache: inout DecoderCache, _ sequences: [Int]
    ) throws -> Tensor {
        let lengths = runs.map(\.count)
        let places = zip(past, lengths).map { (past: $0, count: $1) }
        var h = try stack.input(Array(runs.joined()), runs: places)
        let angles = (cache.rotary ?? stack.rotary)
            .angles(positions: places.flatMap { $0.past..<$0.past + $0.count })
        // By index: a copy of a block counts a reference for each of its tensors.
        for index in stack.blocks.indices {
            h = try stack.blocks[index](h) {
                try $0(
                    $1, runs: lengths, cache: &cache.layers[index], sequences: sequences,
                    rotary: angles[index])
            }
        }
        return try h.reshaped(to: [h.shape[1], configuration.width])
    }

    private func check(_ lengths: [Int], _ cache: DecoderCache, _ sequences: [Int]) throws {
        guard lengths.count == sequences.count, !lengths.isEmpty, !lengths.contains(0) else {
            throw TensorError.invalidArgument(
                "runs of \(lengths) tokens for \(sequences.count) sequences; each gets at least one")
        }
        guard cache.layers.count == configuration.blocks.count,
            zip(cache.layers, configuration.blocks).allSatisfy({ $0.layout.fits($1.attention) })
        else {
            throw TensorError.invalidArgument(
                "the cache is that of another model: \(cache.layers.count) layers of "
                    + "\(cache.layers.first?.layout.heads ?? 0) heads")
        }
        for (sequence, length) in zip(sequences, lengths) {
            guard cache.lengths.indices.contains(sequence) else {
                throw KeyValueCacheError.noSuchSequence(sequence, count: cache.count)
            }
            guard length <= cache.capacity - cache.lengths[sequence] else {
                throw KeyValueCacheError.full(
                    sequence: sequence, length: cache.lengths[sequence], capacity: cache.capacity,
                    appending: length)
            }
        }
    }
}

extension AttentionConfiguration {
    /// What a layer's cache keeps of a position.
    fileprivate func layout(_ storage: KeyValueStorage) throws(TensorError) -> KeyValueLayout {
        try KeyValueLayout(heads: keyValueHeads, keyWidth: headWidth, storage: storage)
    }
}

extension KeyValueLayout {
    fileprivate func fits(_ attention: AttentionConfiguration) -> Bool {
        heads == attention.keyValueHeads && keyWidth == attention.headWidth
    }
}
