import AttentionModels
import AttentionTensors
import TestSupport
import Testing

/// RoBERTa's numbering of positions.
@Suite struct PaddingPositionTests {
    /// Padding has the position of padding wherever it stands, and does not move the tokens behind it. So two
    /// orders of the same tokens and positions give the same rows.
    @Test func paddingDoesNotCount() throws {
        let model = try EncoderFixture("roberta").model
        let middle = try model(SequenceBatch([[5, 1, 7]]))
        let first = try model(SequenceBatch([[1, 5, 7]]))
        for (a, b) in [(0, 1), (1, 0), (2, 2)] {
            let rows = (middle.sliced(axis: 0, a..<a + 1), first.sliced(axis: 0, b..<b + 1))
            #expect(largestDifference(rows.0, rows.1) < 1e-5, "\(a) and \(b)")
        }
    }
}
