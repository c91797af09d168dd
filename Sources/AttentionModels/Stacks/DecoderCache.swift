import Attention
import AttentionTensors

/// The keys and values of every layer for the tokens of one text that a ``DecoderTransformer`` has read.
///
/// It is a value: a copy shares memory with the original until one of them grows, and then only the pages
/// that they have in common stay shared. So a beginning that many texts have is read once and copied.
public struct DecoderCache: Sendable {
    /// Each layer's, of one sequence.
    package var layers: [KeyValueCache]
    /// The most tokens of the text.
    public let capacity: Int
    /// The positions, where the model's depend on how long a text becomes: keys and queries of one text are
    /// turned alike.
    let rotary: RotaryTables?

    package init(layers: [KeyValueCache], capacity: Int) {
        self.init(layers: layers, capacity: capacity, rotary: nil)
    }

    init(layers: [KeyValueCache], capacity: Int, rotary: RotaryTables?) {
        self.layers = layers
        self.capacity = capacity
        self.rotary = rotary
    }

    /// The number of tokens that were read.
    public var length: Int { layers.first?.length(of: 0) ?? 0 }
    /// The bytes of its pages; those that several caches share count for each of them.
    public var byteCount: Int { layers.reduce(0) { $0 + $1.byteCount } }

    /// The most bytes that it takes for a text of `length` tokens.
    public func byteCount(forLength length: Int) -> Int {
        layers.reduce(0) { $0 + $1.byteCount(forLength: length) }
    }

    /// Forgets the tokens from `length` on.
    ///
    /// - Throws: `KeyValueCacheError`; then nothing has changed.
    public mutating func truncate(to length: Int) throws(KeyValueCacheError) {
        for layer in layers { try layer.checkCut(of: 0, to: length) }
        for index in layers.indices { try layers[index].truncate(sequence: 0, to: length) }
    }

    /// Takes the memory for `count` more tokens.
    mutating func reserve(_ count: Int) throws {
        for index in layers.indices { try layers[index].reserve(count, of: 0) }
    }

    /// Takes back a step that failed on the way: in some layers its tokens have been appended.
    mutating func takeBack(to length: Int) {
        // The latest append can always be taken back.
        for index in layers.indices { try? layers[index].truncate(sequence: 0, to: length) }
    }
}

/// The memory that the caches of many texts take their pages from and give them back to, so that one text's
/// pages serve the next.
public struct DecoderPages: Sendable {
    /// How keys and values are written down.
    public let storage: KeyValueStorage
    let pools: [KeyValueLayout: KeyValuePagePool]

    /// The tokens of a page.
    static let length = 128

    /// The bytes of the pages in use.
    public var usedBytes: Int { pools.values.reduce(0) { $0 + $1.usedPages * $1.pageBytes } }
}
