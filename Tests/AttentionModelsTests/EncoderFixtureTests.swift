import Attention
import AttentionModels
import AttentionTensors
import TestSupport
import Testing

/// Encoders against PyTorch's in float64, at most twice as wrong as its float32, all sequences in one batch.
@Suite struct EncoderFixtureTests {
    @Test(arguments: EncoderFixture.names, InstructionSet.available)
    func hiddenStates(_ name: String, _ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let fixture = try EncoderFixture(name)
            #expect(fixture.sequences.map(\.attributes.length) == [1, 2, 7, 23, 40])
            let batch = try fixture.batch(Array(fixture.sequences.indices))
            let hidden = try fixture.model(batch)
            #expect(hidden.shape == [73, 24])
            for (sequence, range) in zip(fixture.sequences, batch.ranges) {
                let expected = try sequence.tensors.doubles("hidden_f64")
                let error = largestError(hidden.sliced(axis: 0, range), expected)
                let bound = tolerance(float32Error: sequence.attributes.float32Error, of: expected)
                #expect(error <= bound, "\(sequence)")
            }
        }
    }

    @Test(arguments: EncoderFixture.names, InstructionSet.available)
    func companyChangesNothing(_ name: String, _ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let fixture = try EncoderFixture(name)
            let places = [3, 0, 4, 1, 2, 3]
            let batch = try fixture.batch(places)
            let results = try [1, 2, 3].map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    try fixture.model(batch)
                }
            }
            #expect(areBitwiseEqual(results[0], results[1]) && areBitwiseEqual(results[0], results[2]))
            for (place, range) in zip(places, batch.ranges) {
                let alone = try fixture.model(fixture.batch([place]))
                #expect(
                    areBitwiseEqual(alone, results[0].sliced(axis: 0, range)), "\(fixture.sequences[place])")
            }
        }
    }

    @Test(arguments: EncoderFixture.names, InstructionSet.available)
    func attentionWeights(_ name: String, _ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let fixture = try EncoderFixture(name)
            let batch = try fixture.batch(Array(fixture.sequences.indices))
            var observations: [AttentionObservation] = []
            let hidden = try fixture.model(batch) { layer, observation in
                #expect(layer == observations.count)
                observations.append(observation)
            }
            #expect(areBitwiseEqual(hidden, try fixture.model(batch)), "looking changes nothing")
            try #require(observations.count == fixture.model.configuration.blocks.count)
            var compared = 0
            for (sequence, range) in zip(fixture.sequences, batch.ranges)
            where sequence.tensors.contains("attention_weights_f64") {
                let layers = try observations.map { observation in
                    try observation.weights(queries: range).sliced(axis: 3, range)
                }
                let found = try Tensor.concatenating(layers, axis: 0)
                let expected = try sequence.tensors.doubles("attention_weights_f64")
                #expect(largestError(found, expected) < 3e-6, "\(sequence)")
                compared += 1
            }
            #expect(compared == 3)
        }
    }

    /// The results of a sequence do not depend on other sequences.
    @Test(arguments: EncoderFixture.names)
    func weightsOutsideTheSequenceAreZero(_ name: String) throws {
        let fixture = try EncoderFixture(name)
        let batch = try fixture.batch([1, 2, 0])
        _ = try fixture.model(batch) { _, observation in
            let weights = try observation.weights()
            for range in batch.ranges {
                let rows = weights.sliced(axis: 2, range)
                let inside = rows.sliced(axis: 3, range).scalars.reduce(0, +)
                #expect(abs(inside - Float(range.count * fixture.model.headCount)) < 1e-4)
                #expect(rows.scalars.reduce(0, +) - inside < 1e-4)
            }
        }
    }
}
