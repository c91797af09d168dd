import Attention
import AttentionModels
import AttentionTensors
import TestSupport
import Testing

/// The inputs of an encoder: batches of any size, valid and invalid ids, present and missing weights.
@Suite struct EncoderInputTests {
    @Test(arguments: EncoderFixture.names)
    func emptyBatchesAndSequences(_ name: String) throws {
        let fixture = try EncoderFixture(name)
        #expect(try fixture.model(SequenceBatch([])).shape == [0, 24])
        #expect(try fixture.model(SequenceBatch([[], []])).shape == [0, 24])
        let alone = try fixture.model(SequenceBatch([[5, 6, 7]]))
        let batch = try SequenceBatch([[], [5, 6, 7], [], [8], []])
        #expect(batch.ranges == [0..<0, 0..<3, 3..<3, 3..<4, 4..<4])
        let found = try fixture.model(batch) { _, observation in
            let weights = try observation.weights()
            #expect(weights.shape == [1, 4, 4, 4])
        }
        #expect(areBitwiseEqual(found.sliced(axis: 0, 0..<3), alone))
        #expect(found.scalars.allSatisfy { $0.isFinite })
    }

    @Test(arguments: EncoderFixture.names)
    func theLongestSequence(_ name: String) throws {
        let model = try EncoderFixture(name).model
        let longest = model.configuration.longestSequence
        #expect(longest == 40)
        #expect(try model(SequenceBatch([[Int](repeating: 5, count: longest)])).shape == [40, 24])
        let error = #expect(throws: TensorError.self) {
            try model(SequenceBatch([[5], [Int](repeating: 5, count: longest + 1)]))
        }
        #expect(error?.description == "a sequence of 41 tokens is longer than the model's 40")
    }

    @Test(arguments: EncoderFixture.names, [-1, 100, Int.max, Int.min])
    func idsThatTheModelHasNot(_ name: String, _ id: Int) throws {
        let model = try EncoderFixture(name).model
        let error = #expect(throws: TensorError.self) { try model(SequenceBatch([[5, 6], [7, id]])) }
        #expect(error?.description == "token id \(id) is outside the model's 100 (0 to 99)")
    }

    @Test func tokenTypesThatTheModelHasNot() throws {
        let model = try EncoderFixture("bert").model
        let error = #expect(throws: TensorError.self) {
            try model(SequenceBatch([[5, 6]], typeIDs: [[0, 2]]))
        }
        #expect(error?.description == "token type 2 is outside the model's 2 (0 to 1)")
        #expect(throws: TensorError.self) { try model(SequenceBatch([[5]], typeIDs: [[-1]])) }
    }

    @Test func thereIsOneTypeForEachToken() {
        for types in [[[0]], [[0, 1], []], [[0], [1, 1]], []] as [[[Int]]] {
            #expect(throws: TensorError.self) { try SequenceBatch([[5, 6], [7]], typeIDs: types) }
        }
    }

    /// RoBERTa numbers positions from padding + 1 on, and leaves padding tokens at the padding's own
    /// position.
    @Test func paddingTokensOfRoBERTaKeepTheirPlace() throws {
        let model = try EncoderFixture("roberta").model
        let found = try model(SequenceBatch([[1, 1, 1]]))
        // All tokens and positions alike: so are the rows.
        #expect(areBitwiseEqual(found.sliced(axis: 0, 0..<1), found.sliced(axis: 0, 2..<3)))
        let other = try model(SequenceBatch([[5, 5, 5]]))
        #expect(!areBitwiseEqual(other.sliced(axis: 0, 0..<1), other.sliced(axis: 0, 2..<3)))
    }

    @Test(arguments: EncoderFixture.names)
    func aMissingTensorIsNamed(_ name: String) throws {
        let fixture = try EncoderFixture(name)
        let error = #expect(throws: TensorError.self) {
            try EncoderTransformer(fixture.description, from: InMemoryWeights(label: "nothing", [:]))
        }
        let table = try #require(fixture.description.names.model[.tokens])
        #expect(error?.description == "nothing holds no tensor named '\(table).weight'")
    }

    @Test func aMisshapenTensorIsNamed() throws {
        let fixture = try EncoderFixture("bert")
        let weights = InMemoryWeights(["bert.embeddings.word_embeddings.weight": .zeros([100, 23])])
        let error = #expect(throws: TensorError.self) {
            try EncoderTransformer(fixture.description, from: weights)
        }
        #expect(
            error?.description
                == "tensor 'bert.embeddings.word_embeddings.weight' of memory: expected shape [100, 24], found [100, 23]"
        )
    }
}
