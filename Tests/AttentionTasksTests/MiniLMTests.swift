import AttentionModels
import AttentionTasks
import AttentionTensors
import AttentionTokenizers
import TestSupport
import Testing

/// all-MiniLM-L6-v2 against PyTorch's stored results.
@Suite(.enabled(if: Locations.model != nil, .init(rawValue: ReferenceSentences.absence)))
struct MiniLMTests {
    private let reference: ReferenceSentences
    private let embedder: TextEmbedder

    init() throws {
        reference = try .load()
        embedder = try ReferenceSentences.embedder()
    }

    @Test func isDescribedByItsFolder() {
        #expect(embedder.maximumLength == reference.maximumLength)
        #expect(embedder.width == 384)
    }

    @Test func tokensAreTheReference() throws {
        for sentence in reference.sentences {
            #expect(try embedder.tokenize(sentence.text).ids == sentence.ids, "\(sentence.text)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func embeddingsAreTheReference(_ instructionSet: InstructionSet) throws {
        let vectors = try InstructionSet.$forced.withValue(instructionSet) {
            try ReferenceSentences.embedder().embed(reference.texts)
        }
        let found = try Tensor(vectors.flatMap { $0 }, shape: [vectors.count, embedder.width])
        let single = try #require(try ReferenceSentences.tensor("sentences.embeddings_f32"))
        let double = try #require(try ReferenceSentences.tensor("sentences.embeddings_f64"))
        let (toSingle, toDouble) = (largestDifference(found, single), largestDifference(found, double))
        print("all-MiniLM-L6-v2, \(instructionSet): \(toSingle) to float32, \(toDouble) to float64")
        #expect(toSingle <= 1e-5)
        // Four times PyTorch's own error, 1.5e-7: its sums are made in blocks, which rounds less.
        #expect(toDouble <= 6e-7)
    }

    @Test func similaritiesAreThePublishedOnes() throws {
        let vectors = try embedder.embed(Array(reference.texts.prefix(3)))
        for (row, a) in vectors.enumerated() {
            for (column, b) in vectors.enumerated() {
                let similarity = zip(a, b).reduce(into: Float(0)) { $0 += $1.0 * $1.1 }
                #expect(abs(similarity - reference.similarities[row][column]) <= 1e-4)
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func aBatchIsEachTextAlone(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let embedder = try ReferenceSentences.embedder()
            let alone = try reference.texts.map { try bits(embedder.embed([$0])[0]) }
            for threads in 1...3 {
                // Reversed, so that the groups and every text's place in its own are others too.
                let texts = threads == 2 ? reference.texts.reversed() : reference.texts
                let together = try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    try embedder.embed(texts).map(bits)
                }
                #expect((threads == 2 ? together.reversed() : together) == alone, "\(threads) threads")
            }
        }
    }

    @Test func hiddenStatesAreTheReference() throws {
        let ids = reference.sentences[reference.shortSentence].ids
        let hidden = try embedder.hiddenStates(tokens: ids)
        let single = try #require(try ReferenceSentences.tensor("short.hidden_f32"))
        let double = try #require(try ReferenceSentences.tensor("short.hidden_f64"))
        print("hidden states: \(largestDifference(hidden, single)) to float32")
        #expect(largestDifference(hidden, single) <= 1e-5)
        #expect(largestDifference(hidden, double) <= 4e-6)
        #expect(
            try bits(embedder.embedding(hiddenStates: hidden)) == bits(embedder.embed(tokens: [ids])[0]))
    }

    @Test func ranksByMeaning() throws {
        let query = "I cannot log in because I do not remember my password"
        let matches = try embedder.rank(query: query, documents: reference.texts)
        let passwords = Set(reference.texts.indices.filter { reference.texts[$0].contains("password") })
        #expect(Set(matches.prefix(2).map(\.index)) == passwords)
        #expect(matches.map(\.score) == matches.map(\.score).sorted(by: >))
        #expect(Set(matches.map(\.index)) == Set(reference.texts.indices))
        #expect(
            try embedder.rank(query: query, documents: reference.texts, top: 2) == Array(matches.prefix(2)))
    }

    @Test func longTextsAreCut() throws {
        let text = String(repeating: "word ", count: 1000)
        #expect(try embedder.tokenCount(text) == 1002)
        #expect(try embedder.tokenize(text).count == 256)
        #expect(try embedder.embed([text]) == embedder.embed([text + "and what follows is not read"]))
    }

    private func bits(_ vector: [Float]) -> [UInt32] { vector.map(\.bitPattern) }
}
