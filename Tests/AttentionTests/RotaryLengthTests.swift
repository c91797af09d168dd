import Attention
import Testing

/// Frequencies that depend on the text's length.
@Suite struct RotaryLengthTests {
    /// θ · (factor · r − factor + 1)^(width / (width − 2)) for a text r times as long as the original ones.
    @Test(arguments: [(64, 1.0), (128, 3.0), (256, 7.0)])
    func dynamicScalingChangesTheBase(_ length: Int, _ growth: Double) throws {
        let rope = try RotaryEmbedding(
            width: 8, base: 10_000, scaling: .dynamic(factor: 2, originalPositions: 64))
        let base = 10_000 * Double.pow(growth, 8.0 / 6)
        let fitted = try rope.fitted(toLength: length)
        #expect(abs(fitted.base / base - 1) < 1e-12)
        let expected = try RotaryEmbedding(width: 8, base: base).frequencies
        for (found, frequency) in zip(fitted.frequencies, expected) {
            #expect(abs(found / frequency - 1) < 1e-12)
        }
        #expect(!fitted.dependsOnLength)
    }
}
