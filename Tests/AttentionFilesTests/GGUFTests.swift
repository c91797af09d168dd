import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

@Suite struct GGUFTests {
    private static let sound = GGUFBytes(
        [
            ("general.architecture", .string("llama")), ("a", .uint32(7)), ("b", .int32(-7)),
            ("c", .uint64(.max)),
            ("d", .float32(0.5)), ("e", .bool(true)), ("f", .strings(["", "ä", "a\0b"])),
            ("g", .floats([1, -0.5])), ("h", .integers([3, -4])), ("i", .strings([])),
        ],
        tensors: [
            .init("w", [4, 3]), .init("q", [32, 2], type: 8, offset: 64), .init("none", [0, 5], offset: 160),
            .init("scalar", [], offset: 160),
        ],
        data: 164)

    @Test func readsWhatIsThere() throws {
        for version in [UInt32(2), 3] {
            var bytes = Self.sound
            bytes.version = version
            let file = try GGUFFile(content: bytes.bytes, label: "f.gguf")
            #expect(file.version == Int(version) && file.alignment == 32)
            #expect(file.keys == ["general.architecture", "a", "b", "c", "d", "e", "f", "g", "h", "i"])
            #expect(try file.string("general.architecture") == "llama")
            #expect(try file.integer("a") == 7 && file.integer("b") == -7 && file.integer("z") == nil)
            #expect(try file.double("d") == 0.5 && file.double("a") == 7 && file.bool("e") == true)
            #expect(try file.strings("f") == ["", "ä", "a\0b"] && file.strings("i") == [])
            #expect(try file.floats("g") == [1, -0.5] && file.integers("h") == [3, -4])
            #expect(file.metadata["c"] == .uint64(.max))
            #expect(file.entries.map(\.shape) == [[3, 4], [2, 32], [5, 0], []])
            #expect(file.entries.map(\.byteRange.count) == [48, 68, 0, 4])
            #expect(
                file.entries.map { $0.byteRange.lowerBound - bytes.bytes.count + 164 } == [0, 64, 160, 160])
            #expect(file.entry(named: "q")?.elementType == .q8_0 && file.entry(named: "x") == nil)
        }
    }

    @Test func valuesOfTheWrongType() throws {
        let file = try GGUFFile(content: Self.sound.bytes, label: "f.gguf")
        for (key, read) in [
            ("a", { _ = try file.string("a") }), ("c", { _ = try file.integer("c") }),
            ("d", { _ = try file.integer("d") }), ("f", { _ = try file.floats("f") }),
            ("g", { _ = try file.strings("g") }), ("e", { _ = try file.double("e") }),
        ] as [(String, () throws -> Void)] {
            let error = #expect(throws: GGUFError.self) { try read() }
            #expect(error?.problem == .valueType && error?.name == key)
        }
    }

    @Test func theAlignmentMovesTheData() throws {
        var bytes = GGUFBytes(
            [("general.alignment", .uint32(256))], tensors: [.init("w", [2], offset: 256)], data: 264)
        bytes.alignment = 256
        let file = try GGUFFile(content: bytes.bytes, label: "f.gguf")
        #expect(file.entries[0].byteRange == 512..<520)
    }

    @Test func tensorsLieWhereTheFileSays() throws {
        let file = try GGUFFile(content: Self.sound.bytes, label: "f.gguf")
        #expect(file.tensorNames == ["w", "q", "none", "scalar"] && file.label == "f.gguf")
        let w = try #require(try file.storedTensor(named: "w"))
        #expect(w.elementType == .float32 && w.shape == [3, 4])
        #expect(w.withUnsafeBytes { Array($0) } == (0..<48).map { UInt8($0) })
        #expect(try file.storedTensor(named: "q")?.elementType == .q8_0)
        #expect(try file.tensor("none", shape: [5, 0]).elementCount == 0)
        #expect(try file.storedTensor(named: "x") == nil && file.contains("w") && !file.contains("x"))
        #expect(throws: TensorError.self) { try file.tensor("w", shape: [4, 3]) }
        let error = #expect(throws: GGUFError.self) {
            try GGUFFile(
                content: GGUFBytes(tensors: [.init("t", [256], type: 16)], data: 66).bytes, label: "f.gguf"
            ).storedTensor(named: "t")
        }
        #expect(error?.problem == .elementType && error?.name == "t" && error?.found == "iq2_xxs")
    }

    private static func reciter(_ name: String) -> String {
        Locations.fixture("AttentionGenerationTests", "reciter/\(name)").path
    }

    /// The same weights in safetensors and in files of three types differ only by rounding.
    @Test func oneModelInThreeTypes() throws {
        let exact = try GGUFFile(path: Self.reciter("reciter-f16.gguf"))
        let original = try SafetensorsFile(path: Self.reciter("hf/model.safetensors"))
        let embedding = try original.tensor("model.embed_tokens.weight", shape: [352, 32]).scalars
        #expect(try exact.tensor("token_embd.weight", shape: [352, 32]).scalars == embedding)
        // Blocks of 4 bits reach from −8 to 7 steps.
        for (type, allowed) in [("q8_0", 0.5 / 127), ("q4_0", 1.0 / 8)] as [(String, Float)] {
            let rounded = try GGUFFile(path: Self.reciter("reciter-\(type).gguf"))
            #expect(Set(rounded.tensorNames) == Set(exact.tensorNames))
            for entry in exact.entries {
                let a = try exact.tensor(entry.name, shape: entry.shape).scalars
                let b = try rounded.tensor(entry.name, shape: entry.shape).scalars
                let largest = a.map(abs).max() ?? 0
                #expect(zip(a, b).allSatisfy { abs($0 - $1) <= largest * allowed * 1.1 }, "\(entry.name)")
            }
        }
    }

    @Test func filesOfTheReferenceLibrary() throws {
        for (type, element) in [("f16", GGUFElementType.f16), ("q8_0", .q8_0), ("q4_0", .q4_0)] {
            let file = try GGUFFile(path: Self.reciter("reciter-\(type).gguf"))
            #expect(try file.string("general.architecture") == "llama")
            #expect(try file.strings("tokenizer.ggml.tokens")?.count == 352)
            #expect(file.entries.contains { $0.elementType == element })
            #expect(file.entry(named: "blk.0.attn_k.weight")?.shape == [16, 32])
        }
    }
}
