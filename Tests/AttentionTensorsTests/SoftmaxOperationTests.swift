import AttentionTensors
import TestSupport
import Testing

@Suite struct SoftmaxOperationTests {
    typealias Errors = OperationsFixture.Errors

    @Test(arguments: try OperationsFixture.cases("softmax", Errors.self))
    func softmax(_ test: FixtureCase<Errors>) throws {
        try OperationsFixture.check(test.tensors, input: "input", errors: test.attributes.float32Errors) {
            try $0.softmax()
        }
    }

    @Test(arguments: try OperationsFixture.cases("logSoftmax", Errors.self))
    func logarithm(_ test: FixtureCase<Errors>) throws {
        try OperationsFixture.check(test.tensors, input: "input", errors: test.attributes.float32Errors) {
            try $0.logSoftmax()
        }
    }

    @Test(arguments: try OperationsFixture.cases("unitLength", Errors.self))
    func unitLength(_ test: FixtureCase<Errors>) throws {
        try OperationsFixture.check(test.tensors, input: "input", errors: test.attributes.float32Errors) {
            try $0.normalized()
        }
    }

    @Test(arguments: InstructionSet.available)
    func emptyRowsAndNaN(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let nothing = Tensor(repeating: -.infinity, shape: [2, 19])
            #expect(try nothing.softmax().scalars.allSatisfy { $0 == 0 })
            #expect(try nothing.logSoftmax().scalars.allSatisfy { $0 == -.infinity })
            let seed = Tensor(repeating: 1, shape: [2, 19])
            let x = nothing.watched()
            #expect(try gradients(of: x.softmax(), seed: seed, at: [x])[0].scalars.allSatisfy { $0 == 0 })
            let bad = Tensor.zeros([3, 19]).replacing(with: .nan) { $0 == 19 + 18 }
            let found = try bad.softmax()
            #expect(found.selecting(axis: 0, 1).scalars.allSatisfy { $0.isNaN })
            #expect(found.selecting(axis: 0, 2).scalars.allSatisfy { abs($0 - 1 / 19) < 1e-7 })
            #expect(try Tensor.zeros([3, 0]).softmax().shape == [3, 0])
            #expect(try Tensor.zeros([2, 4]).normalized().scalars.allSatisfy { $0 == 0 })
        }
        #expect(throws: TensorError.self) { try Tensor.zeros([]).softmax() }
        #expect(throws: TensorError.self) { try Tensor.zeros([2]).normalized(least: 0) }
    }

    @Test func unwatchedIsNotRecorded() throws {
        let x = Tensor.zeros([2, 4])
        #expect(try !x.softmax().isWatched && !x.normalized().isWatched)
        #expect(try !x.dropout(0.5, key: RandomKey(seed: 1)).isWatched)
        #expect(try !CrossEntropy()(x, targets: [0, 1]).isWatched && !Embedding(x)([1]).isWatched)
    }
}
