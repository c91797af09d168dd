import Attention
import AttentionTensors
import TestSupport
import Testing

/// Every attention case of the ONNX backend tests, by the reference and by the tiled path.
@Suite struct ONNXTests {
    @Test func allCasesAreHere() throws {
        let cases = try ONNXCase.all()
        #expect(cases.count == 72)
        // The tests below read seven inputs and check four outputs.
        for test in cases {
            #expect(test.inputs.count <= 7, "\(test): an input is not read")
            #expect(test.outputs.count <= 4, "\(test): an output is not checked")
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

    /// Compares with the node's output `place`. NumPy computed it in float32, or in 16 bits.
    private func check(
        _ found: Tensor, at place: Int, _ test: ONNXCase, _ tensors: [String: StoredTensor],
        packs: Bool = false
    ) throws {
        let stored = try #require(tensors[test.outputs[place]])
        let expected = try stored.float32()
        let found = packs ? try found.concatenatingHeads() : found
        let largest = expected.scalars.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
        let units: Float =
            switch stored.elementType {
            case .float16: 0x1p13
            case .bfloat16: 0x1p16
            default: 4
            }
        #expect(largestDifference(found, expected) <= units * largest.ulp, "\(test.outputs[place])")
    }
}
