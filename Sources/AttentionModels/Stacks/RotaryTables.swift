import Attention
import AttentionTensors

/// The kinds of rotary positions of a model's layers: mostly one for all, and two where local and global
/// layers differ.
struct RotaryTables: Sendable, Equatable {
    /// Each kind once, in the order of the first layer that has it.
    private(set) var kinds: [RotaryEmbedding] = []
    /// The kind of each layer; nil: none.
    private let kindOfLayer: [Int?]

    init(_ layers: [RotaryEmbedding?]) {
        var kinds: [RotaryEmbedding] = []
        var places: [RotaryEmbedding: Int] = [:]
        kindOfLayer = layers.map { layer in
            guard let layer else { return nil }
            if let place = places[layer] { return place }
            places[layer] = kinds.count
            kinds.append(layer)
            return kinds.count - 1
        }
        self.kinds = kinds
    }

    /// Whether frequencies depend on the text's length.
    var dependsOnLength: Bool { kinds.contains(where: \.dependsOnLength) }

    /// The tables of texts of up to `length` tokens, with frequencies that no longer depend on it.
    ///
    /// - Throws: As `RotaryEmbedding.fitted(toLength:)`.
    func fitted(toLength length: Int) throws(TensorError) -> RotaryTables {
        var fitted = self
        for kind in kinds.indices { fitted.kinds[kind] = try kinds[kind].fitted(toLength: length) }
        return fitted
    }

    /// The angles of some positions, by layer.
    func angles(positions: [Int]) -> Angles {
        Angles(kindOfLayer: kindOfLayer, kinds: kinds.map { $0.angles(positions: positions) })
    }

    /// The angles of whole texts that lie end to end, by layer.
    ///
    /// - Throws: As `RotaryEmbedding.angles(lengths:)`.
    func angles(lengths: [Int]) throws(TensorError) -> Angles {
        var angles: [RotaryAngles] = []
        for kind in kinds { angles.append(try kind.angles(lengths: lengths)) }
        return Angles(kindOfLayer: kindOfLayer, kinds: angles)
    }

    /// The angles of runs of several texts that lie end to end, each with the tables of its own text, by
    /// layer.
    ///
    /// - Parameter runs: At least one, of the same layers.
    /// - Throws: `TensorError`.
    static func angles(
        of runs: [(tables: RotaryTables, positions: Range<Int>)]
    ) throws(TensorError) -> Angles {
        let parts = runs.map { $0.tables.angles(positions: Array($0.positions)) }
        var kinds: [RotaryAngles] = []
        for kind in parts[0].kinds.indices {
            kinds.append(
                try RotaryAngles(
                    concatenating: parts.map { $0.kinds[kind] }, parts[0].kinds[kind].pairing))
        }
        return Angles(kindOfLayer: parts[0].kindOfLayer, kinds: kinds)
    }

    /// The angles of one step, computed once for each kind.
    struct Angles {
        fileprivate let kindOfLayer: [Int?]
        fileprivate let kinds: [RotaryAngles]

        subscript(layer: Int) -> RotaryAngles? { kindOfLayer[layer].map { kinds[$0] } }
    }
}
