import AttentionTokenizers
import TestSupport
import Testing

@Suite struct PatternTests {
    @Test(arguments: (LanguageFixture.shared?.patterns ?? []).indices)
    func matchesAsTheReference(index: Int) throws {
        let fixture = try #require(LanguageFixture.shared)
        let test = fixture.patterns[index]
        let pattern = try Pattern(test.pattern)
        for (text, expected) in zip(fixture.texts, test.matches) {
            let aligned = try AlignedText(text)
            // The reference's answers are words, of which none is empty.
            let matches = try pattern.matches(in: aligned, aligned.indices).filter { !$0.isEmpty }
            #expect(
                matches.flatMap { [$0.lowerBound, $0.upperBound] } == expected,
                "\(test.pattern): \(text.debugDescription)")
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func scannersAreTheirExpressions(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let scalars = Array(
            "aBé中ǅ 's't'LL'rE'ſK1²Ⅷ٣  \n\r\t\u{A0}\u{2028}\u{301}.,!_😀\u{200D}".unicodeScalars)
        for scanner in WordScanner.all {
            let pattern = try Pattern(scanner.source)
            for _ in 0..<400 {
                let length = Int.random(in: 0...24, using: &random)
                let text = (0..<length).compactMap { _ in scalars.randomElement(using: &random) }
                let aligned = try AlignedText(String(String.UnicodeScalarView(text)))
                let range = Swift.min(2, length)..<length
                let words = try pattern.matches(in: aligned, range)
                #expect(scanner.words(in: aligned, range) == words, "\(scanner.source) \(text)")
            }
        }
    }

    @Test(arguments: [UInt64(1), 2])
    func digitGroupsAreTheirExpressions(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let scalars = Array("0123456789٣²a_ .\n".unicodeScalars)
        for groups in DigitGroups.all {
            let pattern = try Pattern(groups.source)
            for _ in 0..<400 {
                let length = Int.random(in: 0...24, using: &random)
                let text = (0..<length).compactMap { _ in scalars.randomElement(using: &random) }
                let aligned = try AlignedText(String(String.UnicodeScalarView(text)))
                let range = Swift.min(2, length)..<length
                let matches = try pattern.matches(in: aligned, range)
                #expect(groups.matches(in: aligned, range) == matches, "\(groups.source) \(text)")
            }
        }
    }

    @Test(arguments: [
        ("(", 1), (")", 0), ("[a", 2), ("a**b[", 5), ("*", 0), (#"\p{Foo}"#, 6), (#"(a)\1"#, 4),
        ("a{2,1}", 6),
        ("a{5000}", 5), ("(?=a", 4), (#"\"#, 1), ("[z-a]", 4), ("(?x)a", 2), ("[[:foo:]]", 6),
        (#"\x{110000}"#, 9),
        ("(?:a{1000}){1000}", 0), (#"(?<=a+)b"#, 0),
    ])
    func unsupportedPatternsAreNamed(source: String, offset: Int) { expectProblem(of: source, at: offset) }

    /// Not among the arguments above, which the test log prints in full.
    @Test func deepNestingIsRefused() { expectProblem(of: String(repeating: "(", count: 100_000), at: 64) }

    private func expectProblem(of source: String, at offset: Int) {
        let error = #expect(throws: PatternError.self) { try Pattern(source) }
        #expect(
            error?.offset == offset, "\(source.prefix(20)): \(error.map(String.init(describing:)) ?? "-")")
    }

    /// Nested repetitions (tokenizers PR #2060) and similar patterns take linear time, or are refused.
    @Test(arguments: [
        "(a+)+$", "(?:a+)+b", "(?:a|aa)+b", "(?:a*)*b", "(?:(?:a*)*)*c", "a*a*a*a*a*b", "(?:a|a|a|a)*b|a",
        "(?:(a)|aa|aaa)*?$", "(?=a*b)a|a", "(?=(?:a+)+c)|a+?",
    ])
    func costlyPatterns(source: String) throws {
        let text = try AlignedText(String(repeating: "a", count: 100_000) + "!")
        let pattern = try Pattern(source)
        let time = ContinuousClock().measure {
            do throws(TokenizerError) {
                _ = try pattern.matches(in: text, text.indices)
            } catch {
                guard case .patternTooCostly(source, _) = error else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
        #expect(time < .limit(seconds: 10))
    }

    @Test func randomPatternsEnd() throws {
        var random = SplitMix(state: 7)
        let parts = [
            "a", "b", ".", "*", "+", "?", "|", "(", ")", "(?:", "(?=", "(?!", "(?<=a", "(?>", "[ab]", "[^a]",
            "{2}", "{1,3}", "{,2}", "^", "$", "\\b", "\\w", "\\p{L}", "&&", "]", "[", "-", "(?i)", "\\",
        ]
        let text = try AlignedText("abAB ba\nab aab!")
        var usable = 0
        for _ in 0..<3000 {
            let source = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                parts.randomElement(using: &random)!
            }.joined()
            guard let pattern = try? Pattern(source) else { continue }
            usable += 1
            guard let matches = try? pattern.matches(in: text, text.indices) else { continue }
            for (first, second) in zip(matches, matches.dropFirst()) {
                #expect(first.upperBound <= second.lowerBound, "\(source)")
            }
        }
        #expect(usable > 300)
    }
}
