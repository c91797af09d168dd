import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A published model with all its activations, forward, and its training gradient beside PyTorch's.
@Suite(.enabled(if: Locations.data != nil, "needs the published model: set ATTENTION_TEST_DATA"))
struct SorterTests {
    private static func file(_ name: String) throws -> SafetensorsFile {
        let folder = try #require(Locations.data).appendingPathComponent("gpt-nano-sort")
        return try SafetensorsFile(path: folder.appendingPathComponent("\(name).safetensors").path)
    }

    private static func fixture() throws -> Fixture {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionModelsTests", "sorter.safetensors").path)
        return Fixture(file, metadata: file.metadata)
    }

    private static func rows(_ numbers: [Int]) -> [[Int]] {
        stride(from: 0, to: numbers.count, by: 11).map { Array(numbers[$0..<$0 + 11]) }
    }

    @Test(arguments: InstructionSet.available)
    func everyActivation(_ instructionSet: InstructionSet) throws {
        let partials = try Self.file("partials")
        let ids = try #require(try partials.storedTensor(named: "idx")).float32().scalars.map { Int($0) }
        var unseen = Set(partials.tensorNames).subtracting(["idx"])
        try InstructionSet.$forced.withValue(instructionSet) {
            _ = try Sorter(Self.file("model"))(Self.rows(ids)) { step, value in
                let expected = try #require(try partials.storedTensor(named: step), "\(step)").float32()
                #expect(largestDifference(value, expected) < 1e-5, "\(step)")
                unseen.remove(step)
            }
        }
        #expect(unseen.isEmpty)
    }

    struct Attributes: Decodable, Sendable { let float32Error, largest: Double? }

    @Test(arguments: InstructionSet.available)
    func trainingGradient(_ instructionSet: InstructionSet) throws {
        let cases = try Self.fixture().cases(Attributes.self)
        let batch = try #require(cases.first { $0.name == "batch" }).tensors
        let (ids, targets) = (try batch.integers("ids"), try batch.integers("targets"))
        let runs = try InstructionSet.$forced.withValue(instructionSet) {
            try (1...3).map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    var model = try Sorter(Self.file("model"))
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
        let named = cases.filter { $0.name != "batch" && $0.name != "loss" }
        #expect(Set(named.map(\.name)) == Set(found.keys))
        let truth = try #require(cases.first { $0.name == "loss" })
        #expect(largestError(loss, try truth.tensors.doubles("all_f64")) < 1e-6)
        // Where the model is certain, a logit's gradient is p − 1 over the number of targets, and what is
        // left of it is as uncertain as the 1.
        let certain = Double((1 / Float(targets.count { $0 >= 0 })).ulp)
        for test in named {
            let gradient = try #require(found[test.name])
            let bound =
                tolerance(
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
