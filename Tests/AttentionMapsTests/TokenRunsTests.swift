import Attention
import AttentionMaps
import AttentionModels
import AttentionTensors
import TestSupport
import Testing

/// Maps of long texts, whose rows and columns stand for runs of tokens.
@Suite struct TokenRunsTests {
    /// A model of two layers with random weights.
    private struct Observed: ObservableTransformer {
        let layerCount = 2
        let heads = 3
        let operation: AttentionOperator

        func headCount(ofLayer layer: Int) -> Int { heads }

        func observe(
            _ batch: SequenceBatch, _ body: @escaping (Int, AttentionObservation) throws -> Void
        ) throws {
            var random = TestSupport.SeededGenerator(seed: 5)
            let input = random.tensor([1, batch.ids.count, 24])
            for layer in 0..<layerCount {
                func map() throws -> Linear { try Linear(weight: random.tensor([24, 24], scale: 0.4)) }
                let attention = try MultiHeadAttention(
                    heads: heads, query: map(), key: map(), value: map(), output: map(),
                    attention: operation)
                _ = try attention(input) { try body(layer, $0) }
            }
        }
    }

    private func tokens(_ count: Int, special: Set<Int> = []) -> [AttentionMap.Token] {
        (0..<count).map {
            .init(special.contains($0) ? "<\($0)>" : " t\($0)", isSpecial: special.contains($0))
        }
    }

    private func map(
        _ tokens: [AttentionMap.Token], mask: any AttentionMask = .causal, queries: Range<Int>? = nil,
        resolution: AttentionMap.Resolution? = nil
    ) throws -> AttentionMap {
        try AttentionMap(
            of: Observed(operation: AttentionOperator(mask: mask)), model: "m", text: "t",
            ids: Array(tokens.indices), tokens: tokens, layers: [1], queries: queries, resolution: resolution)
    }

    @Test(arguments: [1, 2, 3, 7, 40, 59, 60, 100])
    func runsShareTheWeightOfTheirTokens(limit: Int) throws {
        let tokens = tokens(60, special: [0, 30, 31, 59])
        let exact = try map(tokens)
        let short = try map(tokens, resolution: .init(limit))
        #expect(short.queries.count <= limit && short.keys.count <= limit)
        if limit >= 60 { #expect(short == exact) }
        // Which tokens a run holds is read from its name.
        let runs = short.keys.map { key in
            key.text.matches(of: /[0-9]+/).compactMap { Int($0.output) }
        }
        #expect(runs.flatMap { $0 } == Array(0..<60))
        if limit >= 7 {
            for (run, key) in zip(runs, short.keys) {
                #expect(run.allSatisfy { tokens[$0].isSpecial == key.isSpecial })
            }
            #expect(runs[0] == [0])
        }
        for head in 0..<3 {
            let (whole, shown) = (
                try exact.weights(layer: 1, head: head), try short.weights(layer: 1, head: head)
            )
            for (row, queries) in runs.enumerated() {
                for (column, keys) in runs.enumerated() {
                    let sum = queries.reduce(Float(0)) { sum, query in
                        keys.reduce(sum) { $0 + whole[query: query, key: $1] }
                    }
                    #expect(abs(shown[query: row, key: column] - sum / Float(queries.count)) < 1e-5)
                }
            }
        }
    }

    @Test func masksTellWhatEachTokenSees() throws {
        let causal = try map(tokens(6))
        #expect(causal.visibleKeys == [(0..<6).map { 0..<$0 + 1 }])
        #expect(try map(tokens(6), mask: .full).visibleKeys == nil)
        let runs = try map(tokens(40), resolution: 8)
        let visible = try #require(runs.visibleKeys)[0]
        for (row, run) in visible.enumerated() { #expect(run == 0..<row + 1) }
        let window = try map(tokens(6), mask: .causal & .slidingWindow(before: 2))
        #expect(window.visibleKeys?[0][4].upperBound == 5)
        #expect(window.visibleKeys?[0][5].contains(0) == false)
    }

    @Test func generatedTokensBeginARun() throws {
        let short = try map(tokens(50), queries: 37..<50, resolution: .init(rows: 4, columns: 12))
        #expect(short.queries.count <= 4 && short.keys.count <= 12)
        #expect(short.queries[0].text.hasPrefix(" t37"))
        #expect(short.keys.contains { $0.text.hasPrefix(" t37") })
        let exact = try map(tokens(50), queries: 37..<50)
        #expect(exact.queryOffset == 37 && exact.queries.count == 13)
        #expect(exact.visibleKeys?[0][0] == 0..<38)
    }

    @Test func refusesImpossibleResolutions() {
        for resolution in [AttentionMap.Resolution(0), .init(rows: 3, columns: -1)] {
            #expect(throws: TensorError.self) { try map(tokens(5), resolution: resolution) }
        }
        #expect(throws: TensorError.self) { try map(tokens(5), queries: 3..<6) }
    }
}

/// The choice of the most selective head.
@Suite struct SelectivityTests {
    /// A map of one layer whose heads give `weight` to the keys that `target` names, and share the rest.
    private func map(
        _ count: Int = 12, causal: Bool = true, targets: [(_ query: Int) -> [Int: Float]]
    ) throws -> AttentionMap {
        var weights: [Float] = []
        for target in targets {
            for query in 0..<count {
                let chosen = target(query)
                let seen = causal ? query + 1 : count
                let rest = 1 - chosen.values.reduce(0, +)
                weights += (0..<count).map { key in
                    (key < seen ? rest / Float(seen) : 0) + (chosen[key] ?? 0)
                }
            }
        }
        let names = (0..<count).map { $0 == count - 1 ? "[SEP]" : "t\($0)" }
        return try AttentionMap(
            model: "m", text: "t", tokens: SampleMaps.tokens(names), layers: [0],
            heads: Array(targets.indices), weights: weights,
            visibleKeys: causal ? [(0..<count).map { 0..<$0 + 1 }] : nil)
    }

    /// Patterns that nearly every model has, and that do not depend on the text.
    private let dull: [(Int) -> [Int: Float]] = [
        { _ in [0: 0.9] },  // the first token
        { [$0: 0.9] },  // the token itself
        { $0 > 0 ? [$0 - 1: 0.9] : [:] },  // the previous token
        { $0 > 2 ? [$0 - 3: 0.9] : [:] },  // so many tokens back
        { $0 > 4 ? [4: 0.9] : [:] },  // one token, whatever looks
        { _ in [:] },  // everything alike
    ]

    @Test func aHeadThatChoosesWordsIsPreferred() throws {
        let chosen: (Int) -> [Int: Float] = { [7: [2: 0.5], 9: [5: 0.6]][$0] ?? [0: 0.5] }
        for place in 0...dull.count {
            var targets = dull
            targets.insert(chosen, at: place)
            let found = try map(targets: targets).mostSelectiveHead()
            #expect(found.head == place && found.layer == 0)
            #expect(found.query == 9)
        }
    }

    @Test func specialTokensDoNotCount() throws {
        // The last token is special: looking at it, or its own row, shows nothing.
        let toSpecial: (Int) -> [Int: Float] = { $0 % 2 == 0 ? [11: 0.9] : [:] }
        let ofSpecial: (Int) -> [Int: Float] = { $0 == 11 ? [4: 0.9] : [:] }
        let chosen: (Int) -> [Int: Float] = { $0 == 6 ? [2: 0.3] : [:] }
        let found = try map(causal: false, targets: [toSpecial, ofSpecial, chosen]).mostSelectiveHead()
        #expect(found.head == 2 && found.query == 6)
    }

    @Test func everyMapHasAnAnswer() throws {
        let one = try SampleMaps.map(["a"], layers: 1, heads: 1).mostSelectiveHead()
        #expect(one == (0, 0, 0))
        let cross = try HTMLBrowserTests.cross.get().mostSelectiveHead()
        #expect(cross.layer == 4 && cross.head == 2 && cross.query == 0)
        let special = try SampleMaps.map(["[CLS]", "[SEP]"], layers: 1, heads: 2).mostSelectiveHead()
        #expect(special == (0, 0, 0))
    }
}
