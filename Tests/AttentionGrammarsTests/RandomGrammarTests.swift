import AttentionGrammars
import Testing

@Suite struct RandomGrammarTests {
    /// Every text of at most six of three characters.
    private static let texts: [[UInt8]] = {
        var texts: [[UInt8]] = [[]]
        var last = texts
        for _ in 0..<6 {
            last = last.flatMap { text in "abc".utf8.map { text + [$0] } }
            texts += last
        }
        return texts
    }()

    @Test(arguments: UInt64(0)..<60)
    func acceptsWhatItMeans(seed: UInt64) throws {
        let random = RandomGrammar(seed: seed)
        let grammar: Grammar
        do {
            grammar = try Grammar(random.text)
        } catch {
            #expect(error.problem == .neverMatches, "\(random.text)")
            #expect(!Self.texts.prefix(400).contains { random.matches($0) }, "\(random.text)")
            return
        }
        // All short texts, and every so many of the others.
        for (index, text) in Self.texts.enumerated() where index < 130 || index % 7 == Int(seed % 7) {
            var matcher = try GrammarMatcher(grammar)
            let follows = try matcher.advance(text)
            let expected = random.matches(text)
            #expect(
                (follows && matcher.isComplete) == expected,
                "\(String(decoding: text, as: UTF8.self)) in \(random.text)")
        }
    }

    /// The set of allowed tokens is the one found by trying each token alone.
    @Test(arguments: UInt64(100)..<160)
    func allowsTheTokensThatFit(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        guard let grammar = try? Grammar(RandomGrammar(seed: seed).text) else { return }
        let vocabulary = TokenVocabulary(
            (0..<200).map { index in
                if index % 50 == 49 { return index % 100 == 99 ? nil : [] }
                let letters = Array("abcd".utf8)
                return (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    letters.randomElement(using: &random)!
                }
            })
        for _ in 0..<4 {
            var tokens = try TokenMatcher(grammar, vocabulary)
            var bytes = try GrammarMatcher(grammar)
            for _ in 0..<6 {
                let allowed = try tokens.allowed
                #expect(allowed == (try bytes.allowed(vocabulary)), "\(RandomGrammar(seed: seed).text)")
                // Asked again, the answer may be a remembered one.
                #expect(try tokens.allowed == allowed)
                #expect(tokens.isComplete == bytes.isComplete)
                guard let token = allowed.randomElement(using: &random) else { break }
                try tokens.accept(token)
                #expect(try bytes.advance(vocabulary.bytes(of: token)))
            }
        }
    }

    /// Rules that may end behind any character, on a vocabulary that makes sets of tokens costly enough to be
    /// remembered.
    @Test func rememberedSetsAreTheirConfigurations() throws {
        let letters = Array("ab1 ".utf8)
        var random = SplitMix(state: 3)
        let vocabulary = TokenVocabulary(
            (0..<1500).map { _ in
                (0..<Int.random(in: 1...8, using: &random)).map { _ in letters.randomElement(using: &random)!
                }
            })
        let grammar = try Grammar(
            """
            root ::= (part part " "){1,3} "1" root?
            part ::= word{1,5} | "(" root ")"
            word ::= [ab]+ | [ab1]{2,9} | word "1" word
            """)
        let start = try TokenMatcher(grammar, vocabulary)
        for _ in 0..<3 {
            var tokens = start
            var bytes = try GrammarMatcher(grammar)
            for _ in 0..<5 {
                let allowed = try tokens.allowed
                #expect(allowed == (try bytes.allowed(vocabulary)))
                guard let token = allowed.randomElement(using: &random) else { break }
                try tokens.accept(token)
                #expect(try bytes.advance(vocabulary.bytes(of: token)))
            }
        }
    }
}

extension TokenMatcher {
    var allowed: [Int] {
        get throws {
            let words = try allowedTokens()
            return (0..<vocabulary.count).filter { words[$0 / 64] & (1 << UInt64($0 % 64)) != 0 }
        }
    }
}

extension GrammarMatcher {
    /// The tokens that fit here, each tried by itself.
    func allowed(_ vocabulary: TokenVocabulary) throws -> [Int] {
        try (0..<vocabulary.count).filter { token in
            var copy = self
            return try !vocabulary.bytes(of: token).isEmpty && copy.advance(vocabulary.bytes(of: token))
        }
    }
}
