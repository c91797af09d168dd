import AttentionGeneration
import TestSupport
import Testing

/// Sets of tokens beside Swift's own sets, around whole words of bits.
struct TokenSetTests {
    @Test(arguments: [0, 1, 63, 64, 65, 127, 128, 200])
    func behavesAsASet(_ vocabulary: Int) {
        var random = SeededGenerator(seed: UInt64(vocabulary))
        func some() -> Set<Int> {
            Set((0..<60).map { _ in Int.random(in: -5..<vocabulary + 70, using: &random) })
        }
        func known(_ tokens: Set<Int>) -> [Int] { tokens.filter { (0..<vocabulary).contains($0) }.sorted() }
        for _ in 0..<20 {
            let (first, second) = (some(), some())
            var set = TokenSet(first, vocabulary: vocabulary)
            #expect(set.tokens == known(first) && set.count == known(first).count)
            let other = TokenSet(second, vocabulary: vocabulary)
            set.formUnion(other)
            #expect(set.tokens == known(first.union(second)))
            set.formIntersection(other)
            #expect(set == other)
            for token in first { set.remove(token) }
            #expect(set.tokens == known(second.subtracting(first)))
            for token in -2..<vocabulary + 66 {
                #expect(set.contains(token) == known(second.subtracting(first)).contains(token))
            }
        }
    }

    /// The full set has the vocabulary's tokens, and no bit more.
    @Test(arguments: [0, 1, 63, 64, 65, 200])
    func theFullSet(_ vocabulary: Int) {
        let full = TokenSet(vocabulary: vocabulary, isFull: true)
        #expect(full.tokens == Array(0..<vocabulary) && full.count == vocabulary)
        #expect(full.isEmpty == (vocabulary == 0))
        #expect(full == TokenSet(0..<vocabulary, vocabulary: vocabulary))
        let words = [UInt64](repeating: .max, count: (vocabulary + 63) / 64)
        #expect(TokenSet(words: words, vocabulary: vocabulary) == full)
    }
}
