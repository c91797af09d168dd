import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import Synchronization
import TestSupport
import Testing

/// A checkpoint in the form of a GGUF file is the same model: written and read back, it gives the reference's
/// logits.
@Suite struct GGUFFormTests {
    /// A form's metadata as that of a file.
    private struct Metadata: ModelMetadata {
        let label = "form"
        var values: [String: GGUFForm.Value]

        init(_ form: GGUFForm) {
            values = Dictionary(uniqueKeysWithValues: form.metadata.map { ($0.key, $0.value) })
        }

        func string(_ key: String) -> String? { if case .text(let text) = values[key] { text } else { nil } }
        func integer(_ key: String) -> Int? {
            if case .integer(let value) = values[key] { value } else { nil }
        }
        func double(_ key: String) -> Double? {
            if case .number(let value) = values[key] { value } else { integer(key).map(Double.init) }
        }
        func bool(_ key: String) -> Bool? { nil }
        func integers(_ key: String) -> [Int]? { nil }
        func count(_ key: String) -> Int? { nil }
    }

    /// The fixture's model with settings that GGUF files can express: Gemma 2 with the scale that they imply,
    /// and Qwen without windows.
    private func description(_ name: String) throws -> ModelDescription {
        let config = String(decoding: try DecoderFixture(name).folder.data(of: "config.json"), as: UTF8.self)
        let usual = config.replacingOccurrences(
            of: "\"query_pre_attn_scalar\": 12", with: "\"query_pre_attn_scalar\": 8"
        ).replacingOccurrences(of: "\"use_sliding_window\": true", with: "\"use_sliding_window\": false")
            .replacingOccurrences(
                of: name == "qwen2" ? "sliding_attention" : "-",
                with: name == "qwen2" ? "full_attention" : "-")
        return try JSONDecoder().decode(ModelDescription.self, from: Data(usual.utf8))
    }

    @Test(arguments: DecoderFixture.names + ["phi3-longrope"])
    func comesBack(_ name: String) throws {
        let fixture = try DecoderFixture(name)
        let weights = try fixture.folder.weights()
        let description = try description(name)
        let form = try description.ggufForm(of: weights)
        #expect(Set(form.tensors.map(\.name)).count == form.tensors.count)
        var tensors: [String: Tensor] = [:]
        for tensor in form.tensors {
            let numbers = try tensor.numbers()
            #expect(numbers.shape == tensor.shape)
            tensors[tensor.name] = numbers
        }
        let model = try DecoderTransformer(
            ModelDescription(metadata: Metadata(form)), from: InMemoryWeights(tensors))
        let batch = try SequenceBatch(fixture.ids())
        let original = try DecoderTransformer(description, from: weights)
        let (expected, found) = (try original(batch), try model(batch))
        // The channels of a head stand in another order, and so do the terms of its dot products.
        let largest = expected.scalars.map(abs).max() ?? 0
        #expect(zip(expected.scalars, found.scalars).allSatisfy { abs($0 - $1) <= 1e-5 * largest }, "\(name)")
    }

    @Test func whatFilesCannotSayIsRefused() throws {
        let folder = try DecoderFixture("gemma2").folder
        #expect(throws: ModelConfigurationError.self) {
            try folder.decode(ModelDescription.self).ggufForm(of: folder.weights())
        }
        let dynamic = try DecoderFixture("llama-dynamic").folder
        #expect {
            try dynamic.decode(ModelDescription.self).ggufForm(of: dynamic.weights())
        } throws: {
            "\($0)".contains("dynamic")
        }
    }

    /// A file that says LongRoPE and holds no divisors, or is of a model that has none, would be read as
    /// another model.
    @Test(arguments: ["llama", "phi3"])
    func longRopeNeedsItsDivisors(_ name: String) throws {
        let fixture = try DecoderFixture(name)
        let weights = try fixture.folder.weights()
        let form = try description(name).ggufForm(of: weights)
        let tensors = try Dictionary(
            uniqueKeysWithValues: form.tensors.map { ($0.name, try $0.numbers()) })
        var metadata = Metadata(form)
        metadata.values["\(name).rope.scaling.type"] = .text("longrope")
        #expect {
            try DecoderTransformer(ModelDescription(metadata: metadata), from: InMemoryWeights(tensors))
        } throws: {
            "\($0)".contains(name == "phi3" ? "rope_factors_long" : "longrope")
        }
    }

    /// GGUF does not store Gemma 2's scale: the model of 46 layers divides by M / Hq, the others by D.
    @Test(arguments: [(45, 8), (46, 6)]) func scaleOfGemma2(_ layers: Int, _ divisor: Float) throws {
        let form = try description("gemma2").ggufForm(of: DecoderFixture("gemma2").folder.weights())
        var metadata = Metadata(form)
        metadata.values["gemma2.block_count"] = .integer(layers)
        let configuration = try ModelDescription(metadata: metadata).configuration
        #expect(configuration.blocks[0].attention.scale == 1 / divisor.squareRoot())
    }

    /// Every tensor of the checkpoint has a place in the file.
    @Test(arguments: DecoderFixture.names + ["phi3-longrope"])
    func nothingIsLeftBehind(_ name: String) throws {
        let weights = Recorder(base: try DecoderFixture(name).folder.weights())
        for tensor in try description(name).ggufForm(of: weights).tensors { _ = try tensor.numbers() }
        let left = Set(weights.tensorNames).subtracting(weights.read.withLock { $0 })
        // Tied heads are stored twice by some; old checkpoints of GPT-2 hold its masks; others a part for
        // images.
        #expect(
            left.allSatisfy {
                $0.hasSuffix("lm_head.weight") || $0.hasSuffix(".attn.bias") || $0.hasPrefix("vision_tower.")
                    || $0.hasPrefix("multi_modal_projector.")
            }, "\(left)")
    }

    /// A source that notes which tensors were read.
    private final class Recorder: WeightSource {
        let base: any WeightSource
        let read = Mutex<Set<String>>([])

        init(base: any WeightSource) { self.base = base }

        var label: String { base.label }
        var tensorNames: [String] { base.tensorNames }

        func storedTensor(named name: String) throws -> StoredTensor? {
            read.withLock { _ = $0.insert(name) }
            return try base.storedTensor(named: name)
        }
    }

    /// Numbers that divide by zero, are negative or overflow when multiplied: an error, whichever key has
    /// them.
    @Test(arguments: DecoderFixture.names + ["phi3-longrope"])
    func hostileNumbers(_ name: String) throws {
        let folder = try DecoderFixture(name).folder
        let weights = try folder.weights()
        let form = try description(name).ggufForm(of: weights)
        let sound = Metadata(form)
        let tensors = try Dictionary(
            uniqueKeysWithValues: form.tensors.map { ($0.name, try $0.numbers()) })
        for key in sound.values.keys.sorted() {
            for number in [0, -1, 1 << 31, 1 << 32, 1 << 62, .max, .min] {
                var metadata = sound
                metadata.values[key] = .integer(number)
                // Some keys may be anything within reason; none may trap.
                _ = try? DecoderTransformer(
                    ModelDescription(metadata: metadata), from: InMemoryWeights(tensors))
            }
            for number in [Double.nan, .infinity, -1, 0, 1e300] {
                var metadata = sound
                metadata.values[key] = .number(number)
                _ = try? DecoderTransformer(
                    ModelDescription(metadata: metadata), from: InMemoryWeights(tensors))
            }
        }
        for key in ["head_count", "head_count_kv", "key_length"] {
            var metadata = sound
            metadata.values["\(form.architecture).attention.\(key)"] = .integer(0)
            #expect(throws: (any Error).self) { try ModelDescription(metadata: metadata) }
        }
        // Every number as large as it can be at once.
        var metadata = sound
        for (key, value) in sound.values {
            if case .integer = value { metadata.values[key] = .integer(1 << 62) }
        }
        #expect(throws: (any Error).self) {
            try DecoderTransformer(ModelDescription(metadata: metadata), from: InMemoryWeights(tensors))
        }
    }
}
