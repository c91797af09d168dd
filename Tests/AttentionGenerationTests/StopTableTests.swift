import AttentionGeneration
import Testing

/// Stop strings that overlap themselves.
@Suite struct StopTableTests {
    @Test(arguments: [
        ("aabaaac", "aabaaabaaac", "aaba"), ("aabaaaab", "aabaaabaaaab", "aaba"),
        ("abacabab", "abacabacabab", "abac"),
    ])
    func aFailedMatchGoesOnWithItsLongestEnd(_ stop: String, _ text: String, _ before: String) throws {
        var matcher = try StopMatcher([stop])
        let found = matcher.append(text)
        #expect(found.text == before && found.match == stop)
    }
}
