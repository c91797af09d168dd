import Foundation
import TestSupport
import Testing

/// `attend inspect` and `attend quantize`.
struct ModelFileTests {
    private let temporary: TemporaryFolder
    private var folder: URL { temporary.url }

    init() throws {
        temporary = try TemporaryFolder()
        var file = GGUFBytes(
            [
                ("general.architecture", .string("llama")), ("llama.block_count", .uint32(1)),
                ("tokenizer.ggml.tokens", .strings((0..<9).map { "t\($0)" })),
                ("note", .string(String(repeating: "x", count: 500))),
            ],
            tensors: [
                .init("output.weight", [256, 2]), .init("output_norm.weight", [256], offset: 2048),
            ])
        file.data = (0..<768).flatMap { index in
            let bits = Float(sin(Double(index * index))).bitPattern
            return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        }
        try Data(file.bytes).write(to: path("model.gguf"))
    }

    private func path(_ name: String) -> URL { folder.appendingPathComponent(name) }

    private func attend(_ arguments: String...) throws -> Program.Outcome {
        try Program.attend(arguments, in: folder)
    }

    @Test func inspectsAFile() throws {
        let outcome = try attend("inspect", "model.gguf")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.lines[0] == "model.gguf: GGUF 3, llama")
        #expect(outcome.lines[1] == "2 tensors, 768 weights, 3072 bytes, 32.00 bits each")
        #expect(outcome.text.contains("[\"t0\", \"t1\", \"t2\", \"t3\", \"t4\", …] (9)"))
        #expect(outcome.text.contains("output_norm.weight  f32   [256]"))
        #expect(!outcome.text.contains(String(repeating: "x", count: 101)))
        let object = try #require(try attend("inspect", "model.gguf", "--json").json() as? [String: Any])
        #expect(
            Set(object.keys) == [
                "format", "architecture", "weights", "bytes", "bitsPerWeight", "metadata", "types", "tensors",
            ])
        #expect(
            (object["tensors"] as? [[String: Any]])?.map { $0["name"] as? String } == [
                "output.weight", "output_norm.weight",
            ])
    }

    @Test func inspectsAFolder() throws {
        let outcome = try attend(
            "inspect", Locations.fixture("AttentionModelsTests", "decoders/qwen3").path, "--json")
        let object = try #require(try outcome.json() as? [String: Any])
        #expect(object["architecture"] as? String == "qwen3" && object["format"] as? String == "safetensors")
        #expect((object["metadata"] as? [String: String])?["vocab_size"] == "64")
    }

    @Test func quantizes() throws {
        let outcome = try attend("quantize", "model.gguf", "small.gguf", "--type", "q4_k")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.lines[0].hasPrefix("part"))
        #expect(outcome.lines.last?.hasPrefix("total") == true)
        let object = try #require(try attend("inspect", "small.gguf", "--json").json() as? [String: Any])
        let types = (object["tensors"] as? [[String: Any]])?.map { $0["type"] as? String }
        #expect(types == ["q6_K", "f32"])
        let again = try attend(
            "quantize", "model.gguf", "again.gguf", "--type", "Q4_K", "--threads", "1", "--json")
        let error = (try again.json() as? [String: Any])?["error"] as? Double
        #expect(error.map { $0 > 0.001 && $0 < 0.03 } == true)
        #expect(try Data(contentsOf: path("small.gguf")) == Data(contentsOf: path("again.gguf")))
    }

    @Test func failures() throws {
        #expect(try attend("quantize", "model.gguf", "x.gguf", "--type", "q9").code == 64)
        #expect(try attend("quantize", "model.gguf", "x.gguf", "--type", "q2_K").code == 64)
        expectFailure(try attend("quantize", "none.gguf", "x.gguf", "--type", "q8_0"), 66)
        expectFailure(
            try attend("quantize", "model.gguf", "none/x.gguf", "--type", "q8_0"), 73, naming: "none/x.gguf")
        expectFailure(try attend("quantize", "model.gguf", ".", "--type", "q8_0"), 73, naming: "folder")
        expectFailure(
            try attend("quantize", "model.gguf", "-", "--type", "q8_0"), 64, naming: "output is -", "name")
        expectFailure(try attend("quantize", "model.gguf", "", "--type", "q8_0"), 64, naming: "empty")
        try Data("GGUF\u{3}".utf8).write(to: path("cut.gguf"))
        expectFailure(try attend("inspect", "cut.gguf"), 65, naming: "cut.gguf")
        try Data("nothing".utf8).write(to: path("text"))
        expectFailure(try attend("inspect", "text"), 65, naming: "text", "another kind")
        try Data().write(to: path("nil.gguf"))
        expectFailure(try attend("inspect", "nil.gguf"), 65, naming: "nil.gguf is empty")
        #expect(!FileManager.default.fileExists(atPath: path("x.gguf").path))
    }

    /// The output never replaces the input, which may be the only copy of the model.
    @Test func theModelItselfIsKept() throws {
        let content = try Data(contentsOf: path("model.gguf"))
        let manager = FileManager.default
        try manager.createSymbolicLink(at: path("link.gguf"), withDestinationURL: path("model.gguf"))
        for output in ["model.gguf", "./model.gguf", "link.gguf"] {
            expectFailure(
                try attend("quantize", "model.gguf", output, "--type", "q4_0"), 73, naming: output, "is read")
        }
        #expect(try Data(contentsOf: path("model.gguf")) == content)
        let source = Locations.fixture("AttentionModelsTests", "decoders/qwen3")
        try manager.copyItem(at: source, to: path("folder"))
        expectFailure(
            try attend("quantize", "folder", "folder/model.safetensors", "--type", "q4_0"), 73,
            naming: "folder/model.safetensors")
        let beside = try attend("quantize", "folder", "folder/new.gguf", "--type", "q8_0")
        #expect(beside.code == 0, "\(beside.errors)")
    }

    /// A model in two files is inspected and converted by the first, or by its folder.
    @Test func twoFiles() throws {
        let parts = folder.appendingPathComponent("parts")
        try FileManager.default.createDirectory(at: parts, withIntermediateDirectories: true)
        for number in 0..<2 {
            let file = GGUFBytes(
                [
                    ("general.architecture", .string("llama")),
                    ("split.no", .init(type: 2, bytes: [UInt8(number), 0])),
                    ("split.count", .init(type: 2, bytes: [2, 0])), ("split.tensors.count", .int32(2)),
                ], tensors: [.init("blk.\(number).attn_v.weight", [32])], data: 128)
            try Data(file.bytes).write(to: parts.appendingPathComponent("m-0000\(number + 1)-of-00002.gguf"))
        }
        for name in ["parts", "parts/m-00001-of-00002.gguf"] {
            let outcome = try attend("inspect", name)
            #expect(
                outcome.code == 0 && outcome.text.contains("GGUF 3 in 2 files, llama"), "\(outcome.errors)")
            #expect(outcome.lines[1].hasPrefix("2 tensors"))
        }
        let outcome = try attend("quantize", "parts", "whole.gguf", "--type", "q4_K_M")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try attend("inspect", "whole.gguf").lines[1].hasPrefix("2 tensors"))
        try FileManager.default.removeItem(at: parts.appendingPathComponent("m-00002-of-00002.gguf"))
        let refused = try attend("inspect", "parts")
        #expect(refused.code != 0 && refused.errors.contains("m-00002-of-00002.gguf"), "\(refused.errors)")
    }
}
