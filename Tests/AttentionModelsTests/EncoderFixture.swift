import Attention
import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport

/// A tiny model of each architecture, and its results for five sequences.
struct EncoderFixture {
    static let names = [
        "bert", "bert-prefixed", "distilbert", "roberta", "roberta-prefixed", "modernbert",
        "modernbert-prefixed",
    ]

    struct Attributes: Decodable, Sendable { let length: Int, float32Error: Double }

    let description: ModelDescription
    let model: EncoderTransformer
    let sequences: [FixtureCase<Attributes>]

    init(_ name: String) throws {
        let folder = try ModelFolder(path: Locations.fixture("AttentionModelsTests", name).path)
        description = try folder.decode(ModelDescription.self)
        model = try EncoderTransformer(description, from: folder.weights())
        let file = try SafetensorsFile(path: "\(folder.path)/expected.safetensors")
        sequences = try Fixture(file, metadata: file.metadata).cases()
    }

    /// The sequences at these places, as one batch.
    func batch(_ places: [Int]) throws -> SequenceBatch {
        let tensors = places.map { sequences[$0].tensors }
        return try SequenceBatch(
            tensors.map { try $0.integers("ids") },
            typeIDs: tensors.map {
                $0.contains("token_type_ids")
                    ? try $0.integers("token_type_ids")
                    : [Int](repeating: 0, count: try $0.stored("ids").shape[0])
            })
    }
}
