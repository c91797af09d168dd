import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Models in several files are opened by the first one. A wrong or missing file is named in the error.
@Suite struct GGUFPartsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ number: Int) -> String { "\(folder.path)/m-0000\(number)-of-00003.gguf" }

    private func split(_ number: UInt16, count: UInt16 = 3, tensors: Int32 = 3) -> [(String, GGUFBytes.Value)]
    {
        [
            ("split.no", .init(type: 2, bytes: [UInt8(number), 0])),
            ("split.count", .init(type: 2, bytes: [UInt8(count), 0])),
            ("split.tensors.count", .int32(tensors)),
        ]
    }

    /// The first has the metadata and no tensors, as llama.cpp's splitter can write it.
    private func write(_ change: (inout [GGUFBytes]) -> Void = { _ in }) throws {
        var files = [
            GGUFBytes([("general.architecture", .string("llama"))] + split(0)),
            GGUFBytes(split(1), tensors: [.init("a", [8]), .init("b", [4], offset: 32)], data: 48),
            GGUFBytes(split(2), tensors: [.init("c", [2])], data: 8),
        ]
        change(&files)
        for (index, file) in files.enumerated() {
            try folder.write(file.bytes, to: "m-0000\(index + 1)-of-00003.gguf")
        }
    }

    private func isGGUF(_ path: String) throws -> Bool {
        switch try ModelFile(path: path).container {
        case .folder: false
        case .gguf: true
        }
    }

    @Test func oneModel() throws {
        try write()
        for path in [path(1), folder.path, folder.path + "/"] {
            #expect(try isGGUF(path))
            let file = try GGUFFile(path: path)
            #expect(
                file.parts.map { URL(fileURLWithPath: $0).lastPathComponent }
                    == (1...3).map { "m-0000\($0)-of-00003.gguf" })
            #expect(file.tensorNames == ["a", "b", "c"] && file.entries.map(\.part) == [1, 1, 2])
            #expect(file.metadata["general.architecture"]?.string == "llama")
            for (name, first) in [("a", UInt8(0)), ("b", 32), ("c", 0)] {
                let bytes = try #require(try file.storedTensor(named: name)).withUnsafeBytes { Array($0) }
                #expect(bytes == bytes.indices.map { first + UInt8($0) }, "\(name)")
            }
            let inventory = try ModelInventory(path: path)
            #expect(inventory.format == "GGUF 3 in 3 files" && inventory.tensors.count == 3)
        }
    }

    private func expectRefused(
        _ part: Int, _ name: String, _ location: SourceLocation = #_sourceLocation,
        _ change: (inout [GGUFBytes]) -> Void
    ) throws {
        try write(change)
        let error = #expect(throws: GGUFError.self, sourceLocation: location) { try GGUFFile(path: path(1)) }
        #expect(
            error?.file == path(part) && error?.name == name, "\(error.map { "\($0)" } ?? "")",
            sourceLocation: location)
    }

    @Test func partsThatDoNotBelong() throws {
        try expectRefused(2, "split.no") { $0.swapAt(1, 2) }
        try expectRefused(2, "split.count") { $0[1].values[1] = split(1, count: 4)[1] }
        try expectRefused(3, "split.tensors.count") { $0[2].values[2] = split(2, tensors: 4)[2] }
        try expectRefused(1, "split.tensors.count") { files in
            for index in 0..<3 { files[index].values[files[index].values.count - 1].value = .int32(5) }
        }
        try expectRefused(1, "split.tensors.count") { $0[0].values.removeLast() }
        try expectRefused(1, "split.no") { $0[0].values[1].value = .int32(-1) }
        try expectRefused(1, "split.count") { $0[0].values[2].value = .string("3") }
        // Whole models in their place.
        try expectRefused(2, "split.no") { $0[1].values = [] }
        try expectRefused(1, "split.count") { $0[0].values[2].value = .init(type: 2, bytes: [2, 0]) }
        try expectRefused(3, "a") { $0[2].tensors[0].name = "a" }
        try expectRefused(3, "c") { $0[2].tensors[0].offset = 32 }
    }

    @Test func partsThatAreNotThere() throws {
        try write()
        try FileManager.default.removeItem(atPath: path(3))
        #expect { try GGUFFile(path: path(1)) } throws: {
            guard case ModelFileError.missingFile(let name, let folder, _) = $0 else { return false }
            return name == "m-00003-of-00003.gguf" && folder == self.folder.path
        }
        // Another than the first names the first.
        #expect { try GGUFFile(path: path(2)) } throws: { "\($0)".contains(path(1)) }
        try FileManager.default.removeItem(atPath: path(1))
        #expect { try GGUFFile(path: folder.path) } throws: { "\($0)".contains(path(1)) }
    }

    @Test func namesThatAreNone() throws {
        try write()
        for name in [
            "m.gguf", "m-1-of-3.gguf", "m-00001-of-00002.gguf", "m-00001-of-+0003.gguf",
            "m-00001_of-00003.gguf",
        ] {
            let other = "\(folder.path)/\(name)"
            try FileManager.default.copyItem(atPath: path(1), toPath: other)
            #expect { try GGUFFile(path: other) } throws: { "\($0)".contains("-00001-of-00003.gguf") }
        }
        // Several models in one folder.
        #expect { try GGUFFile(path: folder.path) } throws: { "\($0)".contains("m.gguf") }
        // One of several, without its companions.
        #expect { try GGUFFile(content: GGUFBytes(split(0)).bytes, label: "x") } throws: {
            ($0 as? GGUFError)?.problem == .part
        }
    }

    @Test func foldersOfOtherThings() throws {
        #expect(try !isGGUF(folder.path))
        #expect(throws: ModelFileError.self) { try GGUFFile(path: folder.path) }
        try write()
        try folder.write("{}", to: "config.json")
        #expect(try !isGGUF(folder.path))
    }
}
