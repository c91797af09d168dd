import AttentionTensors
import TestSupport
import Testing

/// A row of a matrix product has the same bits however many rows there are and however many threads work.
@Suite struct RowIndependenceTests {
    struct Size: Sendable, CustomStringConvertible {
        let inputs, outputs: Int
        var description: String { "\(inputs) → \(outputs)" }
    }

    static let sizes = [
        Size(inputs: 77, outputs: 130), Size(inputs: 384, outputs: 384), Size(inputs: 5, outputs: 1),
    ]

    @Test(arguments: sizes, InstructionSet.available)
    func rowsDoNotDependOnTheirNumber(_ size: Size, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 20)
        let x = random.tensor([601, size.inputs])
        try InstructionSet.$forced.withValue(instructionSet) {
            let linear = try Linear(
                weight: random.tensor([size.outputs, size.inputs]), bias: random.tensor([size.outputs]))
            let whole = try linear(x, activation: .gelu)
            for rows in [0..<1, 0..<2, 1..<8, 3..<16, 100..<341, 17..<600, 594..<601, 600..<601] {
                let part = try linear(x.sliced(axis: 0, rows), activation: .gelu)
                #expect(areBitwiseEqual(part, whole.sliced(axis: 0, rows)), "rows \(rows)")
            }
        }
    }

    @Test(arguments: sizes, InstructionSet.available)
    func threadsChangeNothing(_ size: Size, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 21)
        let x = random.tensor([333, size.inputs])
        let (weight, bias) = (random.tensor([size.outputs, size.inputs]), random.tensor([size.outputs]))
        let results = try InstructionSet.$forced.withValue(instructionSet) {
            try [1, 2, 3, 8].map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    try Linear(weight: weight, bias: bias)(x)
                }
            }
        }
        for result in results { #expect(areBitwiseEqual(result, results[0])) }
    }
}
