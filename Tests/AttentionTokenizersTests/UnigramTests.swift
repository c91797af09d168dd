import AttentionTokenizers
import Testing

/// The path of the greatest score through a Unigram vocabulary.
@Suite struct UnigramTests {
    private func tokens(_ text: String, _ vocabulary: String) throws -> [String] {
        let model = #"{"type":"Unigram","unk_id":0,"vocab":\#(vocabulary)}"#
        return try Tokenizer(json: Array("{\"model\":\(model)}".utf8), name: "t.json").encode(text).tokens
    }

    /// An unknown scalar scores 10 below the least piece, -6 here: a path with one scores -16.1, and loses
    /// against three pieces of -15.5.
    @Test func anUnknownScalarScoresTenBelowTheLeast() throws {
        let pieces = #"[["<unk>",0],["bcd",-0.1],["ab",-6],["c",-6],["d",-3.5]]"#
        #expect(try tokens("abcd", pieces) == ["ab", "c", "d"])
        // With "d" at -4.2 the three pieces score -16.2, and lose.
        let others = #"[["<unk>",0],["bcd",-0.1],["ab",-6],["c",-6],["d",-4.2]]"#
        #expect(try tokens("abcd", others) == ["a", "bcd"])
    }

    /// Neighbouring unknown scalars are one token; known pieces keep them apart.
    @Test func unknownScalarsAreFused() throws {
        let pieces = #"[["<unk>",0],["a",-1]]"#
        #expect(try tokens("xyaz", pieces) == ["xy", "a", "z"])
        #expect(try tokens("xxyz", pieces) == ["xxyz"])
    }
}
