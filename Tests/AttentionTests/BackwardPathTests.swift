import Attention
import AttentionTensors
import TestSupport
import Testing

/// The tiled backward pass against the reference, and the reference against differences.
@Suite struct BackwardPathTests {
    @Test(arguments: try BackwardCase.all)
    func agreesWithReference(_ test: BackwardCase) throws {
        let inputs = test.inputs(seed: 3)
        let attention = test.forward.parameters
        let expected = try attention.referenceBackward(
            query: inputs.query, key: inputs.key, value: inputs.value, outputGradient: inputs.outputGradient)
        for instructionSet in InstructionSet.available {
            let found = try InstructionSet.$forced.withValue(instructionSet) {
                try BackwardCase.gradients(attention, inputs)
            }
            for (expected, found) in zip(expected.all, found.all) {
                #expect((expected.tensor == nil) == (found.tensor == nil), "\(expected.name)")
                guard let want = expected.tensor, let got = found.tensor else { continue }
                var scale = want.scalars.reduce(1) { max($0, abs($1)) }
                // A temperature's gradient is a sum over all scores, which are the larger the lower it is.
                if expected.name == "temperature" { scale *= 10 }
                #expect(
                    largestDifference(got, want) < 2e-5 * scale, "\(expected.name) with \(instructionSet)")
            }
        }
    }

    /// d(Σ output · g) by central differences of the reference in every direction of a few random ones.
    @Test(arguments: try BackwardCase.all.filter { $0.forward.queries < 60 && $0.forward.keys < 100 })
    func referenceAgreesWithDifferences(_ test: BackwardCase) throws {
        let inputs = test.inputs(seed: 4)
        let attention = test.forward.parameters
        let gradients = try attention.referenceBackward(
            query: inputs.query, key: inputs.key, value: inputs.value, outputGradient: inputs.outputGradient)
        var random = SeededGenerator(seed: 5)
        func product(_ a: Tensor, _ b: Tensor) -> Double {
            zip(a.scalars, b.scalars).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        func value(_ attention: AttentionOperator, _ query: Tensor, _ key: Tensor, _ value: Tensor) throws
            -> Double
        {
            product(
                try attention.reference(query: query, key: key, value: value).values, inputs.outputGradient)
        }
        /// The change along a random direction, by differences and by the gradient.
        func check(_ name: String, _ at: Tensor, _ gradient: Tensor?, _ f: (Tensor) throws -> Double) throws {
            let gradient = try #require(gradient)
            let step: Float = 0x1p-9
            let direction = random.tensor(at.shape)
            let (up, down) = (
                try at + scaled(direction, step), try at + scaled(direction, -step)
            )
            let change = (try f(up) - f(down)) / Double(2 * step)
            let expected = product(gradient, direction)
            // The outputs are rounded to float32, and a step is long: thousandths of the terms that are
            // summed.
            let scale = zip(gradient.scalars, direction.scalars).reduce(1e-3) {
                $0 + Double($1.0 * $1.1) * Double($1.0 * $1.1)
            }.squareRoot()
            #expect(abs(change - expected) < 0.02 * scale + 0.02, "\(name): \(change), not \(expected)")
        }
        let (q, k, v) = (inputs.query, inputs.key, inputs.value)
        try check("query", q, gradients.query) { try value(attention, $0, k, v) }
        try check("key", k, gradients.key) { try value(attention, q, $0, v) }
        try check("value", v, gradients.value) { try value(attention, q, k, $0) }
        if let additive = attention.bias.additive {
            try check("bias", additive, gradients.bias) {
                var other = attention
                other.bias = try attention.bias.replacing(additive: $0)
                return try value(other, q, k, v)
            }
        }
        if let slopes = attention.bias.slopes {
            try check("slopes", slopes, gradients.slopes) {
                var other = attention
                other.bias = try attention.bias.replacing(slopes: $0)
                return try value(other, q, k, v)
            }
        }
        if let relative = attention.bias.relative {
            try check("relative", relative.table, gradients.relative) {
                var other = attention
                other.bias = try attention.bias.replacing(table: $0)
                return try value(other, q, k, v)
            }
        }
        if case .cosine(let temperature) = attention.score {
            try check("temperature", temperature, gradients.temperature) {
                var other = attention
                other.score = .cosine(temperature: $0)
                return try value(other, q, k, v)
            }
        }
        if let sinks = attention.sinks {
            try check("sinks", sinks, gradients.sinks) {
                var other = attention
                other.sinks = $0
                return try value(other, q, k, v)
            }
        }
    }

    private func scaled(_ tensor: Tensor, _ factor: Float) -> Tensor {
        var copy = tensor
        copy.withUnsafeMutableBuffer { for index in $0.indices { $0[index] *= factor } }
        return copy
    }
}
