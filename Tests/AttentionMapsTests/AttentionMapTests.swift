import AttentionMaps
import Foundation
import Testing

@Suite struct AttentionMapTests {
    @Test func picksHeadsByTheirNumbers() throws {
        // Two layers, two heads, 1 × 2 weights; the numbers leave gaps, as a chosen few do.
        let map = try AttentionMap(
            model: "m", text: "t", queries: [.init("q")], keys: [.init("a"), .init("b")], layers: [3, 7],
            heads: [0, 5], weights: [1, 0, 0.5, 0.5, 0.25, 0.75, 0, 1])
        #expect(try map.weights(layer: 3, head: 0).weights == [1, 0])
        #expect(try map.weights(layer: 7, head: 5).weights == [0, 1])
        #expect(try map.averagedOverHeads(layer: 7).weights == [0.125, 0.875])
        #expect(map.averaged().weights == [0.4375, 0.5625])
        #expect(try map.matrix(.head(layer: 7, head: 0))[query: 0, key: 1] == 0.75)
        #expect(throws: AttentionMapError.unknownLayer(0, captured: [3, 7])) {
            try map.weights(layer: 0, head: 0)
        }
        #expect(throws: AttentionMapError.unknownHead(1, captured: [0, 5])) {
            try map.weights(layer: 3, head: 1)
        }
    }

    @Test func refusesWhatIsNoMap() {
        func make(
            layers: [Int] = [0], heads: [Int] = [0], tokens: [String] = ["a"], weights: [Float] = [1]
        ) throws(AttentionMapError) {
            _ = try AttentionMap(
                model: "m", text: "t", tokens: SampleMaps.tokens(tokens), layers: layers, heads: heads,
                weights: weights)
        }
        #expect(throws: AttentionMapError.empty("layers")) { try make(layers: []) }
        #expect(throws: AttentionMapError.empty("heads")) { try make(heads: []) }
        #expect(throws: AttentionMapError.empty("queries")) { try make(tokens: [], weights: []) }
        #expect(throws: AttentionMapError.badNumber(-1, in: "layers")) { try make(layers: [-1]) }
        #expect(throws: AttentionMapError.badNumber(2, in: "heads")) {
            try make(heads: [2, 2], weights: [1, 1])
        }
        #expect(throws: AttentionMapError.wrongCount(shape: [1, 1, 1, 1], found: 2)) {
            try make(weights: [1, 0])
        }
        #expect(throws: AttentionMapError.badWeight(1.5, index: [0, 0, 1, 0])) {
            try make(tokens: ["a", "b"], weights: [0, 1, 1.5, 0])
        }
        #expect(throws: AttentionMapError.self) { try make(weights: [.nan]) }
        #expect(throws: AttentionMapError.self) { try make(weights: [.infinity]) }
        #expect(throws: AttentionMapError.self) { try make(weights: [-0.1]) }
    }

    @Test func clampsRoundingOnly() throws {
        let map = try AttentionMap(
            model: "m", text: "t", tokens: SampleMaps.tokens(["a", "b"]), layers: [0], heads: [0],
            weights: [1.00001, -0.00001, 0, 0])
        #expect(map.weights == [1, 0, 0, 0])
    }

    @Test func hidesSpecialTokens() throws {
        let map = try AttentionMap(
            model: "m", text: "t", tokens: SampleMaps.tokens(["[CLS]", "a", "b", "[SEP]"]), layers: [0],
            heads: [0],
            weights: [0.5, 0.1, 0.3, 0.1, 1, 0, 0, 0, 0, 0.25, 0.5, 0.25, 0, 0, 0, 0])
        let hidden = try map.hiding(.specialTokens)
        #expect(hidden.keys.map(\.text) == ["a", "b"])
        #expect(hidden.queries.count == 4)
        let rows = try hidden.weights(layer: 0, head: 0)
        #expect(abs(rows[query: 0, key: 0] - 0.25) < 1e-6)
        // Everything went to special tokens, or was masked: nothing is made up.
        #expect(Array(rows.row(1)) == [0, 0])
        #expect(Array(rows.row(3)) == [0, 0])
        let kept = try map.hiding(.specialTokens, renormalizing: false).weights(layer: 0, head: 0)
        #expect(Array(kept.row(2)) == [0.25, 0.5])
        let special = try AttentionMap(
            model: "m", text: "", tokens: SampleMaps.tokens(["[CLS]"]), layers: [0], heads: [0], weights: [1])
        #expect(throws: AttentionMapError.everythingIsHidden) { try special.hiding(.specialTokens) }
        #expect(!special.canHideSpecialTokens)
    }

    @Test func hidesTheFirstToken() throws {
        let map = try SampleMaps.story(layers: 3, heads: 1)
        let hidden = try map.hiding(.firstToken)
        #expect(hidden.keys.count == 12 && hidden.queries.count == 13)
        // The run that a query sees moves along: the ninth one of the third layer sees its window of four
        // tokens.
        #expect(map.visibleKeys?[2][8] == 5..<9 && hidden.visibleKeys?[2][8] == 4..<8)
        #expect(hidden.visibleKeys?[0][0] == 0..<0)
        let rows = try hidden.weights(layer: 0, head: 0)
        #expect(Array(rows.row(0)).allSatisfy { $0 == 0 })
        #expect(abs(rows.row(5).reduce(0, +) - 1) < 1e-5)
        #expect(try map.hiding([]) == map)
    }

    @Test func tokensAreComparedByTheirScalars() throws {
        let composed = AttentionMap.Token("\u{E9}")
        let decomposed = AttentionMap.Token("e\u{301}")
        #expect(composed != decomposed)
        let map = try AttentionMap(
            model: "m", text: "t", queries: [composed], keys: [decomposed], layers: [0], heads: [0],
            weights: [1])
        #expect(!map.isSelfAttention && map.queryOffset == nil)
    }

    @Test func refusesPlacesOutsideTheKeys() throws {
        func make(offset: Int? = nil, visible: [[Range<Int>]]? = nil) throws(AttentionMapError) {
            _ = try AttentionMap(
                model: "m", text: "t", queries: [.init("q")], keys: SampleMaps.tokens(["a", "b"]),
                layers: [0], heads: [0], weights: [1, 0], queryOffset: offset, visibleKeys: visible)
        }
        try make(offset: 1, visible: [[0..<2]])
        #expect(throws: AttentionMapError.self) { try make(offset: 2) }
        #expect(throws: AttentionMapError.self) { try make(offset: -1) }
        #expect(throws: AttentionMapError.self) { try make(visible: []) }
        #expect(throws: AttentionMapError.self) { try make(visible: [[]]) }
        #expect(throws: AttentionMapError.self) { try make(visible: [[0..<3]]) }
        #expect(throws: AttentionMapError.self) { try make(visible: [[-1..<1]]) }
    }

    @Test func rollsOutByHand() throws {
        let map = try AttentionMap(
            model: "m", text: "t", tokens: SampleMaps.tokens(["a", "b"]), layers: [0, 1], heads: [0],
            weights: [1, 0, 1, 0, 0, 1, 0.5, 0.5])
        // Ã₀ = [1 0; ½ ½], Ã₁ = [½ ½; ¼ ¾], R = Ã₁ Ã₀
        #expect(try map.rollout().weights == [0.75, 0.25, 0.625, 0.375])
        let gap = try AttentionMap(
            model: "m", text: "t", tokens: SampleMaps.tokens(["a"]), layers: [0, Int.max], heads: [0],
            weights: [1, 1])
        #expect(throws: AttentionMapError.self) { try gap.rollout() }
    }

    @Test func rolloutRowsSumToOne() throws {
        let rollout = try SampleMaps.map().rollout()
        for query in 0..<rollout.queryCount {
            #expect(abs(rollout.row(query).reduce(0, +) - 1) < 1e-5)
        }
    }

    @Test func jsonKeepsEveryDigit() throws {
        let map = try SampleMaps.map(["[CLS]", "\"</script>", "中", "[SEP]"], layers: 2, heads: 3)
        #expect(try JSONDecoder().decode(AttentionMap.self, from: map.json()) == map)
        let cross = try AttentionMap(
            model: "m", text: "t", queries: [.init("q")], keys: [.init("a"), .init("b")], layers: [0],
            heads: [0], weights: [0.1, 0.9])
        let text = String(decoding: try cross.json(), as: UTF8.self)
        #expect(text.contains(#""weights":[[[[0.1,0.9]]]]"#))
        #expect(try JSONDecoder().decode(AttentionMap.self, from: cross.json()) == cross)
        let story = try SampleMaps.story(layers: 3, heads: 2, onlyGenerated: true)
        #expect(story.queryOffset == 7 && story.continuation != nil)
        #expect(try JSONDecoder().decode(AttentionMap.self, from: story.json()) == story)
    }

    @Test(arguments: [
        #"{}"#,
        #"{"model":"","text":"","tokens":[],"layers":[],"heads":[],"weights":[]}"#,
        #"{"model":"","text":"","tokens":[{"text":"a","isSpecial":false}],"layers":[0],"heads":[0],"weights":[[[[1,0]]]]}"#,
        #"{"model":"","text":"","tokens":[{"text":"a","isSpecial":false}],"layers":[0],"heads":[0],"weights":[[[[7]]]]}"#,
        #"{"model":"","text":"","tokens":[{"text":"a","isSpecial":false}],"layers":[0],"heads":[0],"weights":[[[[1]]]],"visibleKeys":[[[0,9]]]}"#,
    ])
    func jsonThatIsNoMapIsRefused(json: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(AttentionMap.self, from: Data(json.utf8))
        }
    }

    @Test func poolingKeepsTheLargest() throws {
        let map = try SampleMaps.map((0..<100).map { "t\($0)" }, layers: 1, heads: 1)
        let matrix = map.averaged()
        let pooled = matrix.pooled(to: 32)
        #expect(pooled.queryCount == 32 && pooled.keyCount == 32)
        #expect(pooled.largest == matrix.largest)
    }
}
