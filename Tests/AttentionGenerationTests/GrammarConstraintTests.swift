import AttentionGeneration
import AttentionGrammars
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

@Suite struct GrammarConstraintTests {
    /// Byte-level, with tokens that are parts of characters; the last two are special.
    private static func tokenizer() throws -> Tokenizer {
        var description = TokenizerDescription(
            model: "gpt2",
            tokens: ["a", "ab", "Ġ", "Ġa", "Ã", "©", "Ã©a", "\"", "Ġ\"", "{", "}", ":", "<s>", "</s>"])
        description.preTokenizer = "gpt-2"
        description.merges = []
        description.kinds = [Int](repeating: 1, count: 12) + [3, 3]
        (description.beginID, description.endID) = (12, 13)
        return try Tokenizer(description, name: "test")
    }

    @Test func tokensAreTheirBytes() throws {
        let tokenizer = try Self.tokenizer()
        #expect(tokenizer.bytes(ofToken: 3) == Array(" a".utf8))
        #expect(tokenizer.bytes(ofToken: 4) == [0xC3])
        #expect(tokenizer.bytes(ofToken: 6) == Array("éa".utf8))
        #expect(tokenizer.bytes(ofToken: 12) == nil)
        #expect(tokenizer.bytes(ofToken: 14) == nil)
        #expect(tokenizer.bytes(ofToken: -1) == nil)
    }

    @Test func allowsWhatTheGrammarAllows() throws {
        let grammar = try Grammar(#"root ::= " "? ("é" | "a") ("b" | "é")*"#)
        let vocabulary = TokenVocabulary(try Self.tokenizer(), count: 16)
        var constraint = try GrammarConstraint(grammar: grammar, vocabulary: vocabulary)
        #expect(try constraint.allowedTokens().tokens == [0, 1, 2, 3, 4])
        #expect(!constraint.isComplete)
        try constraint.accept(4)
        let copy = constraint
        #expect(try constraint.allowedTokens().tokens == [5])
        try constraint.accept(5)
        #expect(try constraint.allowedTokens().tokens == [4])
        #expect(constraint.isComplete)
        #expect(!copy.isComplete)
        #expect(throws: GrammarMatchError.tokenNotAllowed(0)) { try constraint.accept(0) }
        #expect(throws: GrammarMatchError.tokenNotAllowed(13)) { try constraint.accept(13) }
        #expect(throws: GrammarMatchError.noSuchToken(16, vocabulary: 16)) { try constraint.accept(16) }
        #expect(throws: GrammarMatchError.noSuchToken(-1, vocabulary: 16)) { try constraint.accept(-1) }
        #expect(constraint.isComplete)
    }

    @Test(arguments: [
        (most: 2, stop: nil as String?, finish: FinishReason.maximumTokens, isWhole: false),
        (3, nil, .complete, true), (3, "a", .stopString("a"), false),
    ])
    func saysWhetherATextIsWhole(most: Int, stop: String?, finish: FinishReason, isWhole: Bool) throws {
        let tokenizer = try Self.tokenizer()
        let grammar = try Grammar(#"root ::= "{" "a"? "}""#)
        var options = GenerationOptions(maximumTokens: most)
        options.constraint = try GrammarConstraint(
            grammar: grammar, vocabulary: TokenVocabulary(tokenizer, count: 16))
        options.stopStrings = stop.map { [$0] } ?? []
        var state = try GenerationState(
            prompt: [0], options: options, vocabulary: 16, endTokens: [13], tokenizer: tokenizer, context: 8)
        // The model prefers a to } and } to all others.
        var logits = [Float](repeating: 0, count: 16)
        (logits[0], logits[10]) = (2, 1)
        while state.finish == nil {
            _ = try logits.withUnsafeBufferPointer { try state.next(from: $0) }
        }
        #expect(state.finish == finish)
        #expect(state.meetsConstraint == isWhole)
    }

    /// On published vocabularies, the tokens of a text give its bytes, and random allowed tokens give JSON.
    @Test(arguments: vocabularies)
    func publishedVocabularies(file: URL) throws {
        let tokenizer = try Tokenizer(path: file.path)
        let text = " naïve café 漢字 😀\n{\"a\": [1, 2]}"
        let ids = try tokenizer.encode(text, addSpecialTokens: false).ids
        let bytes = ids.flatMap { tokenizer.bytes(ofToken: $0) ?? [] }
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(text))

        let vocabulary = TokenVocabulary(tokenizer)
        let grammar = try Grammar(#"root ::= "[" [0-9]{1,3} (", " ("\"" [^"\\]{0,9} "\"" | root))* "]""#)
        let start = try GrammarConstraint(grammar: grammar, vocabulary: vocabulary)
        var random = SeededGenerator(seed: 5)
        for _ in 0..<3 {
            var constraint = start
            var written: [Int] = []
            while written.count < 30,
                let token = try constraint.allowedTokens().tokens.randomElement(using: &random)
            {
                try constraint.accept(token)
                written.append(token)
            }
            var matcher = try GrammarMatcher(grammar)
            #expect(try matcher.advance(written.flatMap { tokenizer.bytes(ofToken: $0) ?? [] }))
            #expect(matcher.isComplete == constraint.isComplete)
        }
    }

    /// The first entries of two vocabularies; two whole ones, where the published data is.
    private static let vocabularies: [URL] =
        ["smollm2", "mistral"].map { VocabularyFixture.file("\($0).gguf") }
        + (Locations.data.map { data in
            ["gpt-2", "llama-spm"].map {
                data.appendingPathComponent("tokenizers/llama.cpp/ggml-vocab-\($0).gguf")
            }
        } ?? [])
}
