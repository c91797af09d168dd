import Attention
import AttentionTensors

/// The tokens of a run whose logits are computed.
public enum LogitRows: Hashable, Sendable {
    /// None: more of the text is to be read first.
    case none
    /// The last token.
    case last
    /// All tokens.
    case all
}

extension DecoderTransformer {
    /// Memory for the caches of any number of texts.
    ///
    /// - Parameter storage: How keys and values are written down.
    /// - Throws: `TensorError.invalidArgument` for sizes that cannot be.
    public func makePages(storage: KeyValueStorage = .float32) throws -> DecoderPages {
        var pools: [KeyValueLayout: KeyValuePagePool] = [:]
        for block in configuration.blocks {
            let layout = try block.attention.layout(storage)
            // exact-text: the storages' names are the package's own.
            guard pools[layout] == nil else { continue }
            // exact-text: the storages' names are the package's own.
            pools[layout] = try KeyValuePagePool(
                layout: layout, pageLength: DecoderPages.length, pageLimit: .max)
        }
        return DecoderPages(storage: storage, pools: pools)
    }

    /// An empty cache for a text that this model reads.
    ///
    /// - Parameters:
    ///   - capacity: The most tokens of the text. Memory is taken as it grows.
    ///   - storage: How keys and values are written down.
    ///   - textLength: How long the text may become. The frequencies of LongRoPE and of dynamic NTK depend
    ///     on it (see `RotaryEmbedding`); it changes nothing in other models. nil: the capacity.
    /// - Throws: `TensorError.invalidArgument` for sizes that cannot be.
    public func makeCache(
        capacity: Int, storage: KeyValueStorage = .float32, textLength: Int? = nil
    ) throws -> DecoderCache {
        try makeCache(capacity: capacity, pages: makePages(storage: storage), textLength: textLength)
    }

    /// An empty cache that shares memory with others.
    ///
    /// - Parameters:
    ///   - capacity: The most tokens of the text.
    ///   - pages: Memory of this model.
    ///   - textLength: As for ``makeCache(capacity:storage:textLength:)``.
    /// - Throws: `TensorError.invalidArgument` for sizes that cannot be, and pages of another model.
    public func makeCache(
        capacity: Int, pages: DecoderPages, textLength: Int? = nil
    ) throws -> DecoderCache {
        let layers = try configuration.blocks.map { block in
            // exact-text: the storages' names are the package's own.
            guard let pool = pages.pools[try block.attention.layout(pages.storage)] else {
                throw TensorError.invalidArgument("the pages are those of another model")
            }
            return try KeyValueCache(
                sequences: 1, capacity: capacity, pool: pool, window: block.attention.span.window)
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

    /// Continues a cache's text by some tokens, and gives the logits of the next one.
    ///
    /// - Parameters:
    ///   - tokens: The new tokens, at least one.
    ///   - cache: A cache of this model. If an error is thrown, it is as it was.
    ///   - rows: The tokens whose logits are computed.
    /// - Returns: `[rows, V]`
    /// - Throws: As ``callAsFunction(_:caches:logits:)``.
    public func callAsFunction(
        _ tokens: [Int], cache: inout DecoderCache, logits rows: LogitRows = .last
    ) throws -> Tensor {
        var caches = [cache]
        // The pages of the only owner are written to; those of two would be copied.
        cache.layers = []
        defer { cache = caches[0] }
        return try self([tokens], caches: &caches, logits: [rows])
    }

    /// Reads a run of tokens after what each cache holds of its text, all texts in one step, and gives the
    /// logits of what comes next.
    ///
    /// A text's logits have the same bits alone and beside others. Runs of up to eight tokens have the same
    /// bits as their tokens one at a time; and a text that is read in pieces which end at multiples of
    /// `AttentionOperator.cutLength` has the same bits as one that is read at once.
    ///
    /// - Parameters:
    ///   - runs: The new tokens of each text, at least one.
    ///   - caches: The texts' caches, of this model. If an error is thrown, they are as they were.
    ///   - rows: The tokens of each run whose logits are computed; nil: the last one of each.
    /// - Returns: `[rows, V]`, run after run. A step has no backward pass: if the model is watched, a
    ///   gradient through the result is an error.
    /// - Throws: `TensorError.invalidArgument` for ids that the model does not have, an empty run, a cache of
    ///   another model, or caches that keep numbers in different forms; `KeyValueCacheError` where a cache
    ///   has no room.
    public func callAsFunction(
        _ runs: [[Int]], caches: inout [DecoderCache], logits rows: [LogitRows]? = nil
    ) throws -> Tensor {
        let batch = try SequenceBatch(runs)
        let rows = rows ?? [LogitRows](repeating: .last, count: runs.count)
        try check(batch, caches, rows)
        let before = caches.map(\.length)
        do {
            for index in caches.indices { try caches[index].reserve(runs[index].count) }
            let hidden = try read(batch, after: before, &caches)
            let chosen = zip(batch.ranges, rows).flatMap { $1.rows(of: $0) }
            guard !chosen.isEmpty else { return Tensor.zeros([0, configuration.vocabulary]) }
            let wanted = chosen.count == batch.ids.count ? hidden : hidden.selectingRows(chosen)
            return try logits(stack.outputNorm?(wanted) ?? wanted)
        } catch {
            // The rows that some layers have appended already are removed, and the pages given back.
            for index in caches.indices { caches[index].takeBack(to: before[index]) }
            throw error
        }
    }

    /// The last hidden states `[tokens, M]`, not yet normalised.
    private func read(
        _ batch: SequenceBatch, after past: [Int], _ caches: inout [DecoderCache]
    ) throws -> Tensor {
        let lengths = batch.lengths
        let sequences = Array(caches.indices)
        var h = try stack.input(batch, after: past)
        let angles = try angles(of: zip(past, lengths).map { $0..<$0 + $1 }, caches)
        // By index: a copy of a block counts a reference for each of its tensors.
        for index in stack.blocks.indices {
            h = try stack.blocks[index](h) { attention, x in
                try caches.withLayer(index) {
                    try attention(
                        x, runs: lengths, cache: &$0, sequences: sequences, rotary: angles[index])
                }
            }
        }
        return try h.reshaped(to: [h.shape[1], configuration.width])
    }

    /// The angles of some positions of each text.
    private func angles(
        of positions: [Range<Int>], _ caches: [DecoderCache]
    ) throws -> RotaryTables.Angles {
        guard stack.rotary.dependsOnLength else {
            return stack.rotary.angles(positions: Array(positions.joined()))
        }
        return try RotaryTables.angles(
            of: zip(caches, positions).map { (tables: $0.rotary ?? stack.rotary, positions: $1) })
    }

    private func check(_ batch: SequenceBatch, _ caches: [DecoderCache], _ rows: [LogitRows]) throws {
        let lengths = batch.lengths
        guard lengths.count == caches.count, lengths.count == rows.count, !lengths.isEmpty,
            !lengths.contains(0)
        else {
            throw TensorError.invalidArgument(
                "runs of \(lengths) tokens for \(caches.count) caches; each gets at least one")
        }
        for (index, cache) in caches.enumerated() {
            guard cache.layers.count == configuration.blocks.count,
                zip(cache.layers, configuration.blocks).allSatisfy({ $0.fits($1.attention) })
            else {
                throw TensorError.invalidArgument(
                    "the cache is that of another model: \(cache.layers.count) layers of "
                        + "\(cache.layers.first?.layout.heads ?? 0) heads")
            }
            guard zip(cache.layers, caches[0].layers).allSatisfy({ $0.canJoin($1) }) else {
                throw TensorError.invalidArgument(
                    "caches of one step keep numbers in one form; cache 0 has "
                        + "\(caches[0].layers.first?.layout.storage.rawValue ?? ""), and cache \(index) "
                        + "\(cache.layers.first?.layout.storage.rawValue ?? "")")
            }
            guard lengths[index] <= cache.capacity - cache.length else {
                throw KeyValueCacheError.full(
                    sequence: index, length: cache.length, capacity: cache.capacity,
                    appending: lengths[index])
            }
        }
    }
}

extension LogitRows {
    /// Those of a run's rows.
    fileprivate func rows(of run: Range<Int>) -> Range<Int> {
        switch self {
        case .none: run.upperBound..<run.upperBound
        case .last: run.upperBound - 1..<run.upperBound
        case .all: run
        }
    }
}

extension [DecoderCache] {
    /// Calls `body` with what all caches hold of one layer, in order.
    fileprivate mutating func withLayer<Result>(
        _ layer: Int, _ body: (inout KeyValueCache) throws -> Result
    ) rethrows -> Result {
        if count == 1 { return try body(&self[0].layers[layer]) }
        return try KeyValueCache.withJoined(count, { $1(&self[$0].layers[layer]) }, body)
    }
}

extension AttentionConfiguration {
    /// What a layer's cache keeps of a position.
    fileprivate func layout(_ storage: KeyValueStorage) throws(TensorError) -> KeyValueLayout {
        try KeyValueLayout(heads: keyValueHeads, keyWidth: headWidth, storage: storage)
    }
}

extension KeyValueCache {
    fileprivate func fits(_ attention: AttentionConfiguration) -> Bool {
        layout.heads == attention.keyValueHeads && layout.keyWidth == attention.headWidth
            && layout.valueWidth == attention.headWidth && window == attention.span.window
    }
}
