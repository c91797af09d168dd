import AttentionTensors
import TestSupport
import Testing

@Suite struct EmbeddingTests {
    typealias Errors = OperationsFixture.Errors

    @Test(arguments: try OperationsFixture.cases("embedding", Errors.self))
    func agreesWithPyTorch(_ test: FixtureCase<Errors>) throws {
        let indices = try test.tensors.integers("indices")
        try OperationsFixture.check(test.tensors, input: "table", errors: test.attributes.float32Errors) {
            try Embedding($0)(indices)
        }
    }

    /// A half-precision table gives the rows of the table in float32, for every bit pattern there is.
    @Test(arguments: [ElementType.float16, .bfloat16], InstructionSet.available)
    func halfPrecision(_ type: ElementType, _ instructionSet: InstructionSet) throws {
        let bytes = (0..<UInt16.max).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let stored = try StoredTensor(name: "table", elementType: type, shape: [257, 255], bytes: bytes)
        let indices = [0, 3, 256, 3, 77] + Array(0..<257)
        try InstructionSet.$forced.withValue(instructionSet) {
            let found = try Embedding(stored)(indices)
            let expected = try Embedding(stored.float32())(indices)
            #expect(
                zip(found.scalars, expected.scalars).allSatisfy {
                    $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN
                })
        }
    }

    @Test func theTableIsAParameter() throws {
        var random = SeededGenerator(seed: 3)
        var embedding = try Embedding(random.tensor([7, 3]))
        try embedding.watchParameters()
        let found = try embedding.parameterGradients(of: embedding([2, 5, 2]).sum())
        let uses: [Float] = [0, 0, 2, 0, 0, 1, 0]
        #expect(found["weight"]?.scalars == uses.flatMap { [$0, $0, $0] })
    }

    @Test func refusesWhatItDoesNotHave() throws {
        let embedding = try Embedding(.zeros([3, 2]))
        #expect(throws: TensorError.self) { try embedding([0, 3]) }
        #expect(throws: TensorError.self) { try embedding([-1]) }
        #expect(throws: TensorError.self) { try Embedding(.zeros([3])) }
        #expect(try embedding([]).shape == [0, 2])
        let integers = try StoredTensor(name: "t", elementType: .int8, shape: [1, 1], bytes: [0])
        #expect(throws: TensorError.self) { try Embedding(integers) }
    }
}
