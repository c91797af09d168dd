import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A folder and a GGUF file are one thing to whatever reads a model.
@Suite struct ModelFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func isGGUF(_ path: String) throws -> Bool {
        switch try ModelFile(path: path).container {
        case .folder: false
        case .gguf: true
        }
    }

    private func write(_ name: String, tensors: [GGUFBytes.Tensor] = [.init("a", [8])]) throws -> String {
        try folder.write(
            GGUFBytes([("general.architecture", .string("llama"))], tensors: tensors, data: 32).bytes,
            to: name)
    }

    @Test func whatItLiesIn() throws {
        let path = try write("m/x.gguf")
        for path in [path, folder.path + "/m", folder.path + "/m/"] {
            let file = try ModelFile(path: path)
            #expect(try isGGUF(path) && ModelFile.isOne(at: path))
            #expect(file.name == "x.gguf" && file.path.hasSuffix("/m/x.gguf"))
            #expect(try file.architecture() == "llama")
            #expect(try file.weights().tensorNames == ["a"])
        }
        // A folder with a configuration is one, whatever else it holds.
        try folder.write(#"{"model_type": "bert"}"#, to: "m/config.json")
        let file = try ModelFile(path: folder.path + "/m/")
        #expect(try !isGGUF(folder.path + "/m") && file.name == "m" && file.path == folder.path + "/m")
        #expect(try file.architecture() == "bert")
    }

    @Test func whatIsNone() throws {
        let other = try folder.write("{}", to: "tokenizer.json")
        #expect(!ModelFile.isOne(at: other) && !ModelFile.isOne(at: folder.path + "/none"))
        for path in [other, folder.path + "/none"] {
            #expect { try ModelFile(path: path) } throws: {
                guard case .notAFolder? = $0 as? ModelFileError else { return false }
                return true
            }
        }
        let damaged = try folder.write("GGUF", to: "damaged.gguf")
        #expect(throws: GGUFError.self) { try ModelFile(path: damaged) }
    }

    @Test func whatIsAbsent() throws {
        // A folder is asked when its files are needed, and not before.
        let empty = try ModelFile(path: folder.folder("empty"))
        #expect(throws: ModelFileError.self) { try empty.architecture() }
        #expect(throws: ModelFileError.self) { try empty.weights() }
        let nameless = try folder.write(
            GGUFBytes([("a", .uint32(1))], tensors: [.init("a", [8])], data: 32).bytes, to: "n.gguf")
        #expect(try ModelFile(path: nameless).architecture() == nil)
        let vocabulary = try ModelFile(path: write("vocabulary.gguf", tensors: []))
        #expect { try vocabulary.weights() } throws: { "\($0)".contains("a vocabulary only") }
    }

    /// Weights are opened once: what happens to the path afterwards changes nothing.
    @Test func weightsAreOpenedOnce() throws {
        let path = "\(folder.path)/model.safetensors"
        try SafetensorsWriter.write([StoredTensor(name: "a", Tensor(repeating: 1, shape: [2]))], to: path)
        let file = try ModelFile(path: folder.path)
        #expect(try file.weights().tensor("a", shape: [2]).scalars == [1, 1])
        try FileManager.default.removeItem(atPath: path)
        #expect(try file.weights().tensor("a", shape: [2]).scalars == [1, 1])
        #expect(throws: ModelFileError.self) { try ModelFile(path: folder.path).weights() }
    }
}
