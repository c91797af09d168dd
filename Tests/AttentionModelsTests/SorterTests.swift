import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A whole model out of layers: all of its activations, and its training gradients, compared with PyTorch's.
@Suite struct SorterTests {
    private static func cases() throws -> [FixtureCase<Attributes>] {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionModelsTests", "sorter.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases(Attributes.self)
    }

    private static func tensors(_ name: String) throws -> FixtureTensors {
        try #require(try cases().first { $0.name == name }).tensors
    }

    private static func rows(_ numbers: [Int]) -> [[Int]] {
        stride(from: 0, to: numbers.count, by: 11).map { Array(numbers[$0..<$0 + 11]) }
    }

    @Test(arguments: InstructionSet.available)
    func everyActivation(_ instructionSet: InstructionSet) throws {
        let activations = try Self.tensors("activations")
        let ids = try Self.tensors("batch").integers("ids")
        var seen: Set<String> = []
        try InstructionSet.$forced.withValue(instructionSet) {
            _ = try Sorter(Self.tensors("model").source)(Self.rows(ids)) { step, value in
                let expected = try activations.tensor(step)
                #expect(largestDifference(value, expected) < 1e-5, "\(step)")
                seen.insert(step)
            }
        }
        #expect(seen.count == 23)
    }

    struct Attributes: Decodable, Sendable { let float32Error, largest: Double? }

    @Test(arguments: InstructionSet.available)
    func trainingGradient(_ instructionSet: InstructionSet) throws {
        let cases = try Self.cases()
        let (batch, weights) = (try Self.tensors("batch"), try Self.tensors("model"))
        let (ids, targets) = (try batch.integers("ids"), try batch.integers("targets"))
        let runs = try InstructionSet.$forced.withValue(instructionSet) {
            try (1...3).map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    var model = try Sorter(weights.source)
                    try model.watchParameters()
                    let loss = try CrossEntropy(ignoredTarget: -1)(model(Self.rows(ids)), targets: targets)
                    return (loss, try model.parameterGradients(of: loss))
                }
            }
        }
        let (loss, found) = runs[0]
        for (otherLoss, other) in runs.dropFirst() {
            #expect(areBitwiseEqual(otherLoss, loss))
            #expect(
                other.allSatisfy { name, gradient in
                    found[name].map { areBitwiseEqual($0, gradient) } ?? false
                })
        }
        let named = cases.filter { $0.attributes.float32Error != nil && $0.name != "loss" }
        #expect(Set(named.map(\.name)) == Set(found.keys))
        let truth = try #require(cases.first { $0.name == "loss" })
        #expect(largestError(loss, try truth.tensors.doubles("all_f64")) < 1e-6)
        // Where the model is certain, a logit's gradient is p − 1 over the number of targets, and what is
        // left of it is as uncertain as the 1.
        let certain = Double((1 / Float(targets.count { $0 >= 0 })).ulp)
        for test in named {
            let gradient = try #require(found[test.name])
            // A whole model's chain of sums: three times PyTorch's own error.
            let bound =
                1.5
                * tolerance(
                    float32Error: try #require(test.attributes.float32Error),
                    of: [try #require(test.attributes.largest)]) + certain
            for part in ["all", "row", "column"] where test.tensors.contains("\(part)_f64") {
                let part = (part, try test.tensors.doubles("\(part)_f64"))
                let own =
                    switch part.0 {
                    case "row": gradient.selecting(axis: 0, 0)
                    case "column": gradient.selecting(axis: 1, 0)
                    default: gradient
                    }
                #expect(largestError(own, part.1) <= bound, "\(test) \(part.0)")
            }
        }
    }
}
