import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A whole model forward and backward: BERT of two layers, every parameter's gradient against PyTorch's in
/// float64, at most twice as wrong as its float32.
@Suite struct EncoderGradientTests {
    struct Attributes: Decodable, Sendable {
        let lengths: [Int]
        let float32Errors: [String: Double]
    }

    /// Where a checkpoint's parameter stands in the model.
    static func path(of name: String) -> String {
        var path = name
        for (theirs, ours) in [
            ("embeddings.word_embeddings", "tokens"), ("embeddings.position_embeddings", "positions"),
            ("embeddings.token_type_embeddings", "segments"), ("embeddings.LayerNorm", "embeddingNorm"),
            ("encoder.layer", "layers"), ("attention.self", "attention"),
            ("attention.output.dense", "attention.output"), ("attention.output.LayerNorm", "attentionNorm"),
            ("intermediate.dense", "feedForward.expand"), ("output.dense", "feedForward.contract"),
            ("output.LayerNorm", "feedForwardNorm"),
        ] { path = path.replacingOccurrences(of: theirs, with: ours) }
        return path
    }

    let model: EncoderTransformer
    let batch: SequenceBatch
    let test: FixtureCase<Attributes>

    init() throws {
        model = try EncoderFixture("bert").model
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionModelsTests", "bert/gradients.safetensors").path)
        test = try Fixture(file, metadata: file.metadata).cases()[0]
        var ids = try test.tensors.integers("ids")
        batch = try SequenceBatch(
            test.attributes.lengths.map { length in
                defer { ids.removeFirst(length) }
                return Array(ids.prefix(length))
            })
    }

    private func gradients(_ instructionSet: InstructionSet, threads: Int) throws -> [String: Tensor] {
        try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
            try InstructionSet.$forced.withValue(instructionSet) {
                // Loaded here, since weights are laid out for the instruction set that they are loaded with.
                var model = try EncoderFixture("bert").model
                try model.watchParameters()
                return try model.parameterGradients(of: model(batch), seed: test.tensors.tensor("seed"))
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func everyParameter(_ instructionSet: InstructionSet) throws {
        let found = try gradients(instructionSet, threads: 1)
        let names = test.attributes.float32Errors.keys
        #expect(Set(names.map(Self.path)) == Set(found.keys))
        let errors = test.attributes.float32Errors
        func expected(_ name: String) throws -> [Double] {
            try test.tensors.tensor("gradients.\(name)").scalars.map { Double($0) }
        }
        for name in names {
            // A key's bias moves all scores of a query alike: its gradient is nothing but rounding, of terms
            // as large as those of the query's.
            let similar = name.replacing("key.bias", with: "query.bias")
            let bound = tolerance(
                float32Error: max(errors[name]!, errors[similar]!), of: try expected(similar))
            let error = largestError(found[Self.path(of: name)]!, try expected(name))
            // Without fused multiply-adds each product is rounded, too.
            #expect(error <= (instructionSet == .scalar ? 1.5 : 1) * bound, "\(name)")
        }
        for threads in [2, 3] {
            for (name, gradient) in try gradients(instructionSet, threads: threads) {
                #expect(areBitwiseEqual(gradient, found[name]!), "\(name), \(threads) threads")
            }
        }
    }

    /// If embeddings and norms are frozen, the other parameters have gradients, with the same values.
    @Test func aPartOfTheModel() throws {
        var model = model
        try model.watchParameters { $0.contains("feedForward.") }
        let result = try model(batch)
        let found = try model.parameterGradients(of: result, seed: test.tensors.tensor("seed"))
        #expect(found.count == 8)
        let all = try gradients(InstructionSet.selected(), threads: 2)
        for (name, gradient) in found { #expect(areBitwiseEqual(gradient, all[name]!), "\(name)") }
    }
}
