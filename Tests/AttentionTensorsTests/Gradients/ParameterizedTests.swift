import AttentionTensors
import TestSupport
import Testing

/// Reaching a layer's parameters: reading, watching, updating.
@Suite struct ParameterizedTests {
    /// A network of every kind of part.
    struct Network: Parameterized {
        var first: Linear
        var norm: LayerNorm?
        var others: [Linear]

        mutating func forEachParameter(_ body: ParameterVisitor) throws {
            try visit(&first, "first", body)
            try visit(&norm, "norm", body)
            try visit(&others, "others", body)
        }

        func callAsFunction(_ x: Tensor) throws -> Tensor {
            var y = try first(x, activation: .tanh)
            if let norm { y = try norm(y) }
            for other in others { y = try other(y) }
            return y
        }
    }

    static func network(_ random: inout SeededGenerator) throws -> Network {
        Network(
            first: try Linear(weight: random.tensor([7, 5]), bias: random.tensor([7])),
            norm: try LayerNorm(width: 7, gain: random.tensor([7]), bias: nil, epsilon: 1e-5),
            others: [
                try Linear(weight: random.tensor([19, 7])),
                try Linear(weight: random.tensor([3, 19]), bias: random.tensor([3])),
            ])
    }

    static let names = [
        "first.weight", "first.bias", "norm.weight", "others.0.weight", "others.1.weight", "others.1.bias",
    ]

    @Test(arguments: InstructionSet.available) func namesAndValues(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            var random = SeededGenerator(seed: 1)
            let network = try Self.network(&random)
            let found = try network.parameters
            #expect(found.map(\.name) == Self.names)
            #expect(found.map(\.value.shape) == [[7, 5], [7], [7], [19, 7], [3, 19], [3]])
            random = SeededGenerator(seed: 1)
            for (name, value) in found {
                #expect(areBitwiseEqual(value, random.tensor(value.shape)), "\(name)")
            }
        }
    }

    /// Both inputs and weights of every width around the vectors, packed and unpacked again.
    @Test(arguments: InstructionSet.available) func packedWeightsComeBack(_ instructionSet: InstructionSet)
        throws
    {
        var random = SeededGenerator(seed: 2)
        try InstructionSet.$forced.withValue(instructionSet) {
            for inputs in [0, 1, 15, 16, 17, 50] {
                for outputs in [0, 1, 7, 48, 49, 100] {
                    let weight = random.tensor([outputs, inputs])
                    let found = try Linear(weight: weight).parameters[0].value
                    #expect(areBitwiseEqual(found, weight), "\(outputs) × \(inputs)")
                }
            }
        }
    }

    @Test func onlyWhatIsWatchedIsTrained() throws {
        var random = SeededGenerator(seed: 3)
        var network = try Self.network(&random)
        let x = random.tensor([4, 5])
        let before = try network(x)
        #expect(!before.isWatched)
        try network.watchParameters()
        let after = try network(x)
        #expect(after.isWatched && areBitwiseEqual(before, after))
        let all = try network.parameterGradients(of: after.sum())
        #expect(Set(all.keys) == Set(Self.names))
        try network.watchParameters { $0.hasPrefix("others.") }
        let some = try network.parameterGradients(of: network(x).sum())
        #expect(Set(some.keys) == Set(Self.names.suffix(3)))
        for (name, gradient) in some { #expect(areBitwiseEqual(gradient, all[name]!), "\(name)") }
        try network.watchParameters { _ in false }
        #expect(!(try network(x)).isWatched)
    }

    /// A hundred small steps downhill.
    @Test(arguments: InstructionSet.available) func training(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            var random = SeededGenerator(seed: 4)
            var network = try Self.network(&random)
            let (x, target) = (random.tensor([16, 5]), random.tensor([16, 3]))
            try network.watchParameters()
            var losses: [Float] = []
            for _ in 0..<100 {
                let difference = try network(x) + target * -1
                let loss = try (difference * difference).sum() * (1 / 48)
                losses.append(loss[])
                let gradient = try network.parameterGradients(of: loss)
                try network.forEachParameter { name, parameter in
                    let step = try gradient[name]! * -0.02
                    parameter = parameter.detached()
                    try parameter.accumulate(step)
                    parameter = parameter.watched()
                }
            }
            #expect(losses[99] < 0.3 * losses[0], "\(losses[0]) \(losses[99])")
            #expect(losses[99].isFinite)
        }
    }

    /// A weight that is written in place is packed again, watched or not.
    @Test func writesInPlaceAreSeen() throws {
        for isWatched in [false, true] {
            var random = SeededGenerator(seed: 5)
            var network = try Self.network(&random)
            let x = random.tensor([4, 5])
            try network.watchParameters { _ in isWatched }
            try network.forEachParameter { _, parameter in
                parameter.withUnsafeMutableBuffer { for index in $0.indices { $0[index] *= 2 } }
            }
            var again = SeededGenerator(seed: 5)
            var other = try Self.network(&again)
            try other.forEachParameter { _, parameter in parameter = try parameter * 2 }
            #expect(areBitwiseEqual(try network(x), try other(x)))
        }
    }

    @Test func refusesOtherShapes() throws {
        var random = SeededGenerator(seed: 6)
        var network = try Self.network(&random)
        for wrong in Self.names {
            let error = #expect(throws: TensorError.self) {
                try network.forEachParameter { name, parameter in
                    if name == wrong { parameter = .zeros([2, 2]) }
                }
            }
            let expected = try network.parameters.first { $0.name == wrong }!.value.shape
            #expect(error?.description.hasSuffix("expected shape \(expected), found [2, 2]") == true)
        }
    }
}
