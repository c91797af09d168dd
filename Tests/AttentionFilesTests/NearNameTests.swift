import AttentionFiles
import Testing

/// The distance by which similar names are found.
@Suite struct NearNameTests {
    @Test(arguments: [
        ("", "", 0), ("abc", "abc", 0), ("abc", "abcd", 1), ("abcd", "abc", 1), ("abc", "abd", 1),
        ("kitten", "sitting", 3), ("", "abc", 3), ("bert", "gpt", 3), ("minilm", "mniilm", 1),
        ("versoin", "version", 1), ("ab", "ba", 1), ("abcd", "badc", 2), ("abc", "ca", 3),
    ])
    func countsInsertionsRemovalsReplacementsAndSwaps(_ first: String, _ second: String, _ distance: Int) {
        #expect(editDistance(first, second) == distance)
        #expect(editDistance(second, first) == distance)
    }
}
