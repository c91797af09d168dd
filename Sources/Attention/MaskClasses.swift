/// Which batch elements and key heads a mask tells apart. Those of one class share its answers.
struct MaskClasses {
    /// How many of each are told apart; 1: all are alike.
    private let batches, keyHeads: Int
    /// How many there are.
    private let all: (batches: Int, keyHeads: Int)

    init(_ problem: AttentionProblem) {
        let dependence = problem.parameters.mask.dependence
        all = (problem.extent.batch, problem.keyHeads)
        batches = dependence.contains(.batch) ? all.batches : 1
        keyHeads = dependence.contains(.head) ? all.keyHeads : 1
    }

    var count: Int { batches * keyHeads }
    /// How many pairs a class has.
    var members: Int { all.batches * all.keyHeads / max(count, 1) }

    func index(of pair: HeadPair) -> Int {
        (batches > 1 ? pair.batch : 0) * keyHeads + (keyHeads > 1 ? pair.keyHead : 0)
    }

    /// One that stands for its class.
    func example(_ index: Int) -> HeadPair { HeadPair(batch: index / keyHeads, keyHead: index % keyHeads) }

    /// A member of the class that `example` stands for.
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
