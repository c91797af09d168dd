import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport

/// `layers.safetensors`: float64 references of the layers, and the error of PyTorch's float32.
enum LayersFixture {
    static func cases<Attributes>(
        _ prefix: String, _ type: Attributes.Type = Attributes.self
    ) throws -> [FixtureCase<Attributes>] {
        let file = try SafetensorsFile(
            path: Locations.fixture("AttentionTensorsTests", "layers.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases(type, prefix: prefix)
    }
}
