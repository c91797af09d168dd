import Attention
import AttentionTensors
import TestSupport
import Testing

/// Every attention case of the ONNX backend tests, by the reference and by the tiled path.
@Suite(.enabled(if: Locations.data != nil, "needs the published cases: set ATTENTION_TEST_DATA"))
struct ONNXTests {
    @Test func allCasesAreHere() throws {
        let cases = try ONNXCase.all()
        #expect(cases.count == 38)
        // Every case reads all its inputs, and all of its outputs are checked below.
        for test in cases {
            #expect(test.inputs.count <= 7, "\(test): an input that nobody reads")
            #expect(test.outputs.count <= 4, "\(test): an output that nobody checks")
            let tensors = try test.node.tensors()
            let named = Set((test.inputs + test.outputs).filter { !$0.isEmpty })
            #expect(named == Set(tensors.keys), "\(test)")
        }
    }

    @Test(arguments: try ONNXCase.all(), InstructionSet.available)
    func tiledPath(_ test: ONNXCase, _ instructionSet: InstructionSet) throws {
        let tensors = try test.node.tensors()
        let problem = try ONNXProblem(test, tensors)
        try InstructionSet.$forced.withValue(instructionSet) {
            let found = try problem.attention.forward(
                query: problem.query, key: problem.key, value: problem.value)
            try check(found.values, at: 0, test, tensors, packs: problem.isPacked)
            if test.attributes.qkMatmulOutputMode == 3 {
                let totals = found.logSumExp
                let weights = try problem.attention.weights(
                    query: problem.query, key: problem.key, logSumExp: totals)
                try check(weights, at: 3, test, tensors)
            }
        }
    }

    @Test(arguments: try ONNXCase.all())
    func reference(_ test: ONNXCase) throws {
        let tensors = try test.node.tensors()
        let problem = try ONNXProblem(test, tensors)
        let found = try problem.attention.reference(
            query: problem.query, key: problem.key, value: problem.value)
        try check(found.values, at: 0, test, tensors, packs: problem.isPacked)
        if problem.key.shape[2] > 0, test.outputs.count > 2, !test.outputs[1].isEmpty {
            try check(problem.key, at: 1, test, tensors)
            try check(problem.value, at: 2, test, tensors)
        }
        if test.outputs.count > 3 {
            let stage = try #require(
                AttentionOperator.ScoreStage(rawValue: test.attributes.qkMatmulOutputMode ?? 0))
            let scores = try problem.attention.referenceScores(
                query: problem.query, key: problem.key, stage: stage)
            try check(scores, at: 3, test, tensors)
        }
    }

    /// Compares with the node's output `place`. NumPy computed it in float32, or rounded it to float16.
    private func check(
        _ found: Tensor, at place: Int, _ test: ONNXCase, _ tensors: [String: StoredTensor],
        packs: Bool = false
    ) throws {
        let stored = try #require(tensors[test.outputs[place]])
        let expected = try stored.float32()
        let found = packs ? try found.concatenatingHeads() : found
        let largest = expected.scalars.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
        let units: Float = stored.elementType == .float16 ? 0x1p13 : 4
        #expect(largestDifference(found, expected) <= units * largest.ulp, "\(test.outputs[place])")
    }
}
