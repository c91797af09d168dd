import Attention
import AttentionTensors

/// The keys and values of every layer for the tokens that a ``DecoderTransformer`` has read.
///
/// It is a value: copies, and sequences that begin alike, share memory until one of them grows.
public struct DecoderCache: Sendable {
    package var layers: [KeyValueCache]
    /// The most positions of a sequence.
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

    /// The number of sequences.
    public var count: Int { layers.first?.count ?? 0 }
    /// The number of positions of each sequence.
    public var lengths: [Int] { layers.first?.lengths ?? [] }
    /// The bytes that the sequences hold; what several share counts once for each.
    public var byteCount: Int { layers.reduce(0) { $0 + $1.byteCount } }

    /// Adds an empty sequence, and returns its index.
    @discardableResult public mutating func addSequence() -> Int {
        for index in layers.indices { layers[index].addSequence() }
        return count - 1
    }

    /// Adds a sequence that begins like another one, and returns its index.
    ///
    /// - Parameters:
    ///   - other: The sequence to begin like.
    ///   - length: How many positions they have in common; nil: all.
    /// - Throws: `KeyValueCacheError`; then nothing has changed.
    @discardableResult public mutating func addSequence(
        copying other: Int, length: Int? = nil
    ) throws(KeyValueCacheError) -> Int {
        var copy = layers
        for index in copy.indices { try copy[index].addSequence(copying: other, length: length) }
        layers = copy
        return count - 1
    }

    /// Removes a sequence; those behind it move up.
    ///
    /// - Throws: `KeyValueCacheError`.
    public mutating func removeSequence(_ sequence: Int) throws(KeyValueCacheError) {
        for index in layers.indices { try layers[index].removeSequence(sequence) }
    }

    /// Forgets the positions from `length` on.
    ///
    /// - Throws: `KeyValueCacheError`; then nothing has changed.
    public mutating func truncate(sequence: Int, to length: Int) throws(KeyValueCacheError) {
        var shorter = layers
        for index in shorter.indices { try shorter[index].truncate(sequence: sequence, to: length) }
        layers = shorter
    }
}
