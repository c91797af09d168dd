/// Classes of batch elements and key heads for which a mask has the same values.
struct MaskClasses {
    /// The number of classes of each; 1: all are alike.
    private let batches, keyHeads: Int
    /// The number of batch elements and key heads.
    private let all: (batches: Int, keyHeads: Int)

    init(_ problem: AttentionProblem) {
        let dependence = problem.parameters.mask.dependence
        all = (problem.extent.batch, problem.keyHeads)
        batches = dependence.contains(.batch) ? all.batches : 1
        keyHeads = dependence.contains(.head) ? all.keyHeads : 1
    }

    var count: Int { batches * keyHeads }
    /// The number of pairs of a class.
    var members: Int { all.batches * all.keyHeads / max(count, 1) }

    func index(of pair: HeadPair) -> Int {
        (batches > 1 ? pair.batch : 0) * keyHeads + (keyHeads > 1 ? pair.keyHead : 0)
    }

    /// A representative of a class.
    func example(_ index: Int) -> HeadPair { HeadPair(batch: index / keyHeads, keyHead: index % keyHeads) }

    /// A member of the class of `example`.
    func member(_ index: Int, of example: HeadPair) -> HeadPair {
        let heads = all.keyHeads / keyHeads
        return HeadPair(
            batch: batches > 1 ? example.batch : index / heads,
            keyHead: keyHeads > 1 ? example.keyHead : index % heads)
    }
}

/// A key head of a batch element, with the query heads that share it.
struct HeadPair: Sendable {
    let batch, keyHead: Int
}
