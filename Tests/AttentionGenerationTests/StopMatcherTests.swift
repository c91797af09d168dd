import AttentionGeneration
import TestSupport
import Testing

struct StopMatcherTests {
    /// The text that is given out, and where it stopped.
    private func run(_ strings: [String], _ pieces: [String]) throws -> [String?] {
        var matcher = try StopMatcher(strings)
        var text = ""
        for piece in pieces {
            let settled = matcher.append(piece)
            text += settled.text
            if let match = settled.match { return [text, match] }
        }
        return [text + matcher.finish(), nil]
    }

    @Test func acrossPieces() throws {
        #expect(try run(["STOP"], ["a S", "TO", "P b"]) == ["a ", "STOP"])
        #expect(try run(["STOP"], ["a S", "TO", "O b"]) == ["a STOO b", nil])
        #expect(try run(["\n\n"], ["x\n", "y\n", "\nz"]) == ["x\ny", "\n\n"])
        #expect(try run(["é!"], ["caf", "é", "!"]) == ["caf", "é!"])
        #expect(try run([], ["a", "b"]) == ["ab", nil])
    }

    /// Only text that may still become a stop string is held back.
    @Test func heldBack() throws {
        var matcher = try StopMatcher(["abab", "bc"])
        #expect(matcher.append("xaba").text == "x")
        #expect(matcher.append("a").text == "aba")
        #expect(matcher.append("b").text == "")
        let last = matcher.append("c")
        #expect(last.text == "a")
        #expect(last.match == "bc")
    }

    @Test func emptyStringsAreRefused() {
        #expect(throws: GenerationError.self) { try StopMatcher(["a", ""]) }
    }

    /// Every division of a text gives the result of a search through the whole text.
    @Test func agreesWithTheDefinition() throws {
        var generator = SeededGenerator(seed: 6)
        func word(_ length: ClosedRange<Int>) -> String {
            String(
                (0..<Int.random(in: length, using: &generator)).map { _ in
                    "abé".randomElement(using: &generator)!
                })
        }
        for _ in 0..<400 {
            let strings = (0..<Int.random(in: 1...3, using: &generator)).map { _ in word(1...5) }
            let pieces = (0..<12).map { _ in word(0...3) }
            let whole = Array(pieces.joined().utf8)
            // The match that ends first; of those, the longest.
            var expected: [String?] = [pieces.joined(), nil]
            search: for end in whole.indices.map({ $0 + 1 }) {
                for string in strings.sorted(by: { $0.utf8.count > $1.utf8.count })
                where whole[..<end].suffix(string.utf8.count).elementsEqual(string.utf8) {
                    expected = [String(decoding: whole[..<(end - string.utf8.count)], as: UTF8.self), string]
                    break search
                }
            }
            let found = try run(strings, pieces)
            #expect(found == expected, "\(strings) in \(pieces)")
        }
    }
}
