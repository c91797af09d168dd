import Attention
import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A decoder's cache that is written to a file and read back has the same bits. Files of other models are
/// refused.
@Suite struct SavedSequenceTests {
    private static func file(_ saved: SavedSequence) throws -> SafetensorsFile {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("saved-\(UUID().uuidString).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try SafetensorsWriter.write(saved.tensors, metadata: saved.metadata, to: path)
        return try SafetensorsFile(path: path)
    }

    private static func decoder(_ name: String) throws -> (model: DecoderTransformer, fingerprint: String) {
        let fixture = try DecoderFixture(name)
        return (fixture.model, try DecoderCache.fingerprint(of: fixture.folder.weights()))
    }

    private static func tokens(_ count: Int, _ model: DecoderTransformer) -> [Int] {
        (0..<count).map { ($0 * 31 + 7) % model.configuration.vocabulary }
    }

    @Test(arguments: ["llama", "mistral", "gemma2"], KeyValueStorage.allCases)
    func goesOnWithTheSameBits(_ name: String, _ storage: KeyValueStorage) throws {
        let (model, fingerprint) = try Self.decoder(name)
        let tokens = Self.tokens(150, model)
        var cache = try model.makeCache(capacity: 200, storage: storage)
        for first in stride(from: 0, to: tokens.count, by: 50) {
            _ = try model(Array(tokens[first..<first + 50]), cache: &cache)
        }
        let file = try Self.file(cache.save(tokens: tokens, model: fingerprint))
        var other = try model.makeCache(capacity: 200, storage: storage)
        _ = try model([1, 2], cache: &other)
        let found = try other.restore(
            from: file, metadata: file.metadata, model: fingerprint, conversation: tokens + [5])
        #expect(found == tokens && other.length == 150)
        let expected = try model([5], cache: &cache)
        #expect(areBitwiseEqual(try model([5], cache: &other), expected))
    }

    @Test func whatBelongsToSomethingElseIsRefused() throws {
        let (model, fingerprint) = try Self.decoder("llama")
        let tokens = Self.tokens(20, model)
        var cache = try model.makeCache(capacity: 40, storage: .float16)
        _ = try model(tokens, cache: &cache)
        let saved = try cache.save(tokens: tokens, model: fingerprint)
        let file = try Self.file(saved)
        func expectRefused(
            _ field: String, by target: DecoderCache? = nil, metadata: [String: String]? = nil,
            model: String? = nil, conversation: [Int]? = nil, from source: (any WeightSource)? = nil
        ) {
            var target = target ?? cache
            let length = target.length
            #expect {
                try target.restore(
                    from: source ?? file, metadata: metadata ?? file.metadata, model: model ?? fingerprint,
                    conversation: conversation)
            } throws: {
                guard case KeyValueCacheError.cannotRestore(_, field, _, _) = $0 else { return false }
                return target.length == length
            }
        }
        // Another conversation, a shorter one, another model.
        var others = tokens
        others[13] = (others[13] + 1) % 40
        expectRefused("tokens", conversation: others + [3])
        expectRefused("tokens", conversation: Array(tokens.prefix(19)))
        expectRefused("tokens", conversation: [])
        expectRefused("model", model: try Self.decoder("llama-biased").fingerprint)
        // é in one scalar and in two are two models, and two names in the file's notes.
        let composed = saved.metadata.merging(["model": "caf\u{E9}"]) { $1 }
        expectRefused("model", metadata: composed, model: "cafe\u{301}")
        expectRefused("model", metadata: composed, model: "Caf\u{E9}")
        // Other layouts.
        expectRefused("storage", by: try model.makeCache(capacity: 40, storage: .int8))
        expectRefused("shape of 'layers.0.keys'", by: try Self.other(model, heads: 1))
        expectRefused("length", by: try model.makeCache(capacity: 19, storage: .float16))
        // Damage, and keys that belong to other tokens.
        for key in file.metadata.keys { expectRefused(key, metadata: file.metadata.filter { $0.key != key }) }
        var elsewhere = try model.makeCache(capacity: 40, storage: .float16)
        _ = try model(others, cache: &elsewhere)
        let mixed = try elsewhere.save(tokens: others, model: fingerprint)
        let tensors = saved.tensors.prefix(2) + mixed.tensors.dropFirst(2)
        expectRefused(
            "checksum",
            from: try Self.file(SavedSequence(tensors: Array(tensors), metadata: saved.metadata)))
        #expect(throws: TensorError.self) {
            try cache.save(tokens: Array(tokens.dropLast()), model: fingerprint)
        }
    }

    /// A saved short text cannot continue as a long one if the two have other rotary positions.
    @Test(arguments: DecoderFixture.lengthDependent)
    func positionsOfLongTexts(_ name: String) throws {
        let model = try DecoderFixture(name).model
        var cache = try model.makeCache(capacity: 64, textLength: 16)
        _ = try model([1, 2, 3], cache: &cache)
        let saved = try cache.save(tokens: [1, 2, 3], model: "")
        let file = try Self.file(saved)
        var again = try model.makeCache(capacity: 64, textLength: 5)
        #expect(try again.restore(from: file, metadata: file.metadata, model: "") == [1, 2, 3])
        var long = try model.makeCache(capacity: 64)
        #expect { try long.restore(from: file, metadata: file.metadata, model: "") } throws: {
            guard case KeyValueCacheError.cannotRestore(_, "rotary", _, _) = $0 else { return false }
            return true
        }
    }

    /// Weights that differ at the beginning, in the middle or at the end are those of other models.
    @Test func fingerprintsOfWeights() throws {
        struct Weights: WeightSource {
            let label = "weights"
            let tensorNames = ["w"]
            var bytes: [UInt8]
            func storedTensor(named name: String) throws -> StoredTensor? {
                try StoredTensor(name: "w", elementType: .uint8, shape: [bytes.count], bytes: bytes)
            }
        }
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        var seen = Set([try DecoderCache.fingerprint(of: Weights(bytes: bytes))])
        for (index, place) in [0, 255, 2500, 2755, 4744, 4999].enumerated() {
            var changed = bytes
            changed[place] ^= 1
            seen.insert(try DecoderCache.fingerprint(of: Weights(bytes: changed)))
            #expect(seen.count == index + 2, "byte \(place)")
        }
        seen.insert(try DecoderCache.fingerprint(of: Weights(bytes: bytes + [0])))
        #expect(seen.count == 8)
    }

    private static func other(_ model: DecoderTransformer, heads: Int) throws -> DecoderCache {
        let layout = try KeyValueLayout(
            heads: heads, keyWidth: model.configuration.blocks[0].attention.headWidth, storage: .float16)
        return DecoderCache(
            layers: try (0..<model.configuration.blocks.count).map { _ in
                try KeyValueCache(sequences: 1, capacity: 40, layout: layout)
            }, capacity: 40)
    }
}
