import Attention
import AttentionTensors
import TestSupport
import Testing

/// Attention in a recorded computation.
@Suite struct AttentionRecordingTests {
    @Test func everyWatchedInputHasItsGradient() throws {
        for test in try BackwardCase.all where test.forward.queries > 0 && test.forward.queries < 110 {
            let inputs = test.inputs(seed: 9)
            guard inputs.query.elementCount > 0, inputs.key.elementCount > 0 else { continue }
            var attention = test.forward.parameters
            let expected = try BackwardCase.gradients(attention, inputs)
            let additive = attention.bias.additive?.watched()
            let slopes = attention.bias.slopes?.watched()
            let table = attention.bias.relative?.table.watched()
            attention.bias = try attention.bias.replacing(
                additive: additive, slopes: slopes, table: table)
            var temperature: Tensor?
            if case .cosine(let own) = attention.score {
                temperature = own.watched()
                attention.score = .cosine(temperature: temperature!)
            }
            attention.sinks = attention.sinks?.watched()
            let (q, k, v) = (inputs.query.watched(), inputs.key.watched(), inputs.value.watched())
            let output = try attention(query: q, key: k, value: v)
            let watched = [q, k, v, additive, slopes, table, temperature, attention.sinks].compactMap { $0 }
            let found = try gradients(of: output, seed: inputs.outputGradient, at: watched)
            let wanted = expected.all.compactMap(\.tensor)
            #expect(found.count == wanted.count)
            for (a, b) in zip(found, wanted) { #expect(areBitwiseEqual(a, b), "\(test)") }
        }
    }

    @Test func unwatchedInputsAreNotRecorded() throws {
        let tensor = Tensor(repeating: 1, shape: [1, 1, 3, 4])
        #expect(try attention(query: tensor, key: tensor, value: tensor).isWatched == false)
        #expect(try attention(query: tensor, key: tensor.watched(), value: tensor).isWatched)
        let learnt = AttentionOperator(sinks: Tensor.zeros([1]).watched())
        #expect(try learnt(query: tensor, key: tensor, value: tensor).isWatched)
        let output = try learnt.forward(query: tensor, key: tensor, value: tensor)
        #expect(output.values.isWatched && output.logSumExp.isWatched)
    }

    @Test func shapesAreChecked() throws {
        let tensor = Tensor(repeating: 1, shape: [1, 1, 3, 4])
        let output = try AttentionOperator().forward(query: tensor, key: tensor, value: tensor)
        #expect(throws: TensorError.self) {
            try AttentionOperator().backward(
                query: tensor, key: tensor, value: tensor, output: output,
                outputGradient: .zeros([1, 1, 3, 5]))
        }
        #expect(throws: TensorError.self) {
            try AttentionOperator().backward(
                query: tensor, key: tensor, value: tensor,
                output: .init(values: output.values, logSumExp: .zeros([1, 3, 1])),
                outputGradient: tensor)
        }
    }
}
