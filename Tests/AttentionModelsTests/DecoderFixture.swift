import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport

/// A tiny decoder of each architecture, and its results for some sequences.
struct DecoderFixture {
    static let names = [
        "gpt2", "llama", "llama-biased", "llama-linear", "llama-yarn", "mistral", "qwen2", "qwen3", "gemma2",
        "phi3", "gemma3", "gemma3-multimodal", "mixtral", "mixtral-odd",
    ]
    /// The decoders whose rotary positions depend on the length of the text.
    static let lengthDependent = ["llama-dynamic", "phi3-longrope"]
    /// Of families that the package does not know.
    static let outside = ["phi", "granite"]
    static let all = names + lengthDependent + outside

    struct Attributes: Decodable, Sendable { let length: Int, float32Error: Double }

    let folder: ModelFolder
    let model: DecoderTransformer
    let sequences: [FixtureCase<Attributes>]
    let greedy: FixtureCase<Attributes>

    init(_ name: String) throws {
        OutsideFamilies.register()
        folder = try ModelFolder(path: Locations.fixture("AttentionModelsTests", "decoders/\(name)").path)
        model = try DecoderTransformer(
            folder.decode(ModelDescription.self), from: folder.weights())
        let file = try SafetensorsFile(path: "\(folder.path)/expected.safetensors")
        let fixture = Fixture(file, metadata: file.metadata)
        sequences = try fixture.cases(prefix: "seq")
        greedy = try fixture.cases(prefix: "greedy")[0]
    }

    /// The token ids of the sequences.
    func ids() throws -> [[Int]] { try sequences.map { try $0.tensors.integers("ids") } }
}
