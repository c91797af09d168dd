import AttentionTensors

/// Token sequences of unequal lengths, laid end to end: whole texts, or the runs of tokens that several texts
/// read in one step. Nothing is padded: no work is done for padding, and a sequence's numbers do not depend
/// on what it was batched with.
public struct SequenceBatch: Sendable {
    /// The token ids of all sequences.
    public let ids: [Int]
    /// The segment of each token (BERT's `token_type_ids`): 0, and 1 in the second text of a pair; nil: all
    /// 0.
    public let typeIDs: [Int]?
    /// The range of each sequence.
    public let ranges: [Range<Int>]

    /// - Parameters:
    ///   - sequences: The token ids of each sequence.
    ///   - typeIDs: The segment of each token; nil: all 0.
    /// - Throws: `TensorError.invalidArgument` if there are not as many segments as tokens.
    public init(_ sequences: [[Int]], typeIDs: [[Int]]? = nil) throws(TensorError) {
        if let typeIDs, typeIDs.map(\.count) != sequences.map(\.count) {
            throw .invalidArgument("there must be one token type for each token id")
        }
        ids = Array(sequences.joined())
        self.typeIDs = typeIDs.map { Array($0.joined()) }
        var end = 0
        ranges = sequences.map { sequence in
            defer { end += sequence.count }
            return end..<end + sequence.count
        }
    }

    /// The number of tokens of each sequence.
    public var lengths: [Int] { ranges.map(\.count) }
}
