import AttentionTensors
import Synchronization
import TestSupport
import Testing

@Suite struct CrossEntropyTests {
    struct Attributes: Decodable, Sendable {
        let smoothing: Float
        let reduction: String
        let ignored: Int?
        let float32Errors: [Double]
    }

    @Test(arguments: try OperationsFixture.cases("crossEntropy", Attributes.self))
    func agreesWithPyTorch(_ test: FixtureCase<Attributes>) throws {
        let reductions: [String: CrossEntropy.Reduction] = ["mean": .mean, "sum": .sum, "none": .none]
        let loss = CrossEntropy(
            labelSmoothing: test.attributes.smoothing,
            classWeights: try test.tensors.tensorIfPresent("weights"),
            ignoredTarget: test.attributes.ignored,
            reduction: try #require(reductions[test.attributes.reduction]))
        let targets = try test.tensors.integers("targets")
        try OperationsFixture.check(
            test.tensors, input: "logits", result: "loss", errors: test.attributes.float32Errors
        ) { try loss($0, targets: targets) }
    }

    /// The gradient overwrites the logits only if their memory is not shared.
    @Test(arguments: [true, false]) func gradientTakesTheLogitsMemory(_ isShared: Bool) throws {
        final class Seen: Sendable { let address = Mutex<UInt>(0) }
        let seen = Seen()
        let x = Tensor.zeros([5, 24]).watched()
        func forward() throws -> (loss: Tensor, address: UInt, kept: Tensor?) {
            var random = SeededGenerator(seed: 1)
            let logits = random.tensor([5, 24]).recorded(as: "look", from: [x]) { gradient, _ in
                let address = gradient.withUnsafeBuffer { UInt(bitPattern: $0.baseAddress) }
                seen.address.withLock { $0 = address }
                return [gradient]
            }
            let address = logits.withUnsafeBuffer { UInt(bitPattern: $0.baseAddress) }
            let loss = try CrossEntropy()(logits, targets: [0, 23, 7, 7, 1])
            return (loss, address, isShared ? logits.detached() : nil)
        }
        let (loss, address, kept) = try forward()
        let before = kept?.scalars
        _ = try gradients(of: loss, at: [x])
        #expect(kept?.scalars == before)
        #expect((seen.address.withLock { $0 } == address) == !isShared)
    }

    @Test func meanOfNoRowsIsZero() throws {
        let logits = Tensor(repeating: .nan, shape: [2, 3]).watched()
        let loss = try CrossEntropy(ignoredTarget: -1)(logits, targets: [-1, -1])
        #expect(loss.scalars == [0])
        #expect(try gradients(of: loss, at: [logits])[0].scalars.allSatisfy { $0 == 0 })
        #expect(try CrossEntropy()(.zeros([0, 3]), targets: []).scalars == [0])
    }

    /// A row's loss does not depend on its neighbours.
    @Test(arguments: InstructionSet.available) func rowsAreAlone(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 2)
        let logits = random.tensor([50, 1999], scale: 4)
        let targets = (0..<50).map { $0 * 37 }
        let loss = CrossEntropy(labelSmoothing: 0.1, reduction: .none)
        try InstructionSet.$forced.withValue(instructionSet) {
            let whole = try loss(logits, targets: targets)
            for row in [0, 13, 49] {
                let alone = try loss(logits.sliced(axis: 0, row..<row + 1), targets: [targets[row]])
                #expect(alone.scalars[0].bitPattern == whole[row].bitPattern)
            }
        }
    }

    /// Logits that are made a few rows at a time give the loss and the gradients of logits made at once.
    @Test(arguments: InstructionSet.available, [1, 4, 23, 100])
    func logitsByParts(_ instructionSet: InstructionSet, _ rowsEach: Int) throws {
        var random = SeededGenerator(seed: 3)
        let (x, weight) = (random.tensor([23, 24]).watched(), random.tensor([77, 24]).watched())
        let targets = (0..<23).map { $0 % 5 == 1 ? -1 : $0 * 3 }
        try InstructionSet.$forced.withValue(instructionSet) {
            for reduction in [CrossEntropy.Reduction.mean, .sum] {
                let loss = CrossEntropy(
                    labelSmoothing: 0.1,
                    classWeights: try Tensor((0..<77).map { Float($0 % 5) + 0.5 }, shape: [77]),
                    ignoredTarget: -1,
                    reduction: reduction)
                let whole = try loss(matrixProduct(x, weight.transposed(0, 1)), targets: targets) * 3
                let parts = try loss(x, weight: weight, targets: targets, rowsEach: rowsEach) * 3
                let scale = abs(whole.scalars[0]) + 1
                #expect(largestDifference(parts, whole) <= 4e-7 * scale)
                let expected = try gradients(of: whole, at: [x, weight])
                let found = try gradients(of: parts, at: [x, weight])
                for (found, expected) in zip(found, expected) {
                    let largest = expected.scalars.reduce(0) { max($0, abs($1)) }
                    #expect(largestDifference(found, expected) <= 2e-6 * largest)
                }
                let alone = try loss(x.detached(), weight: weight, targets: targets, rowsEach: rowsEach)
                #expect(try gradients(of: alone, at: [weight]).count == 1)
            }
        }
        #expect(throws: TensorError.self) { try CrossEntropy()(x, weight: x, targets: targets) }
        #expect(throws: TensorError.self) {
            try CrossEntropy(reduction: .none)(x, weight: weight, targets: targets)
        }
    }

    @Test func refusesWhatItCannotMean() throws {
        let logits = Tensor.zeros([2, 3])
        let error = #expect(throws: TensorError.self) { try CrossEntropy()(logits, targets: [0, 3]) }
        #expect(error?.description == "target 3 of row 1 is outside the 3 classes (0 to 2)")
        #expect(throws: TensorError.self) { try CrossEntropy()(logits, targets: [0, -100]) }
        #expect(throws: TensorError.self) { try CrossEntropy()(logits, targets: [0]) }
        #expect(throws: TensorError.self) { try CrossEntropy()(.zeros([2, 0]), targets: [0, 0]) }
        #expect(throws: TensorError.self) { try CrossEntropy()(.zeros([]), targets: [0]) }
        #expect(throws: TensorError.self) { try CrossEntropy(labelSmoothing: 1.5)(logits, targets: [0, 0]) }
        #expect(throws: TensorError.self) { try CrossEntropy(labelSmoothing: .nan)(logits, targets: [0, 0]) }
        #expect(throws: TensorError.self) {
            try CrossEntropy(classWeights: .zeros([2]))(logits, targets: [0, 0])
        }
    }
}
