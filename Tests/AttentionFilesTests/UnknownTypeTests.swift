import AttentionFiles
import AttentionTensors
import TestSupport
import Testing

/// A file whose elements cannot be computed with is listed; such a tensor is refused by name.
@Suite struct UnknownTypeTests {
    @Test(arguments: [
        ("F8_E4M3", 4, 4), ("F8_E5M2", 4, 4), ("F8_E8M0", 4, 4), ("F8_E4M3FNUZ", 4, 4), ("F4", 4, 2),
        ("F6_E2M3", 4, 3), ("F6_E3M2", 8, 6), ("C64", 2, 16),
    ])
    func safetensors(_ type: String, elements: Int, bytes: Int) throws {
        let header =
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
            + #""x":{"dtype":"\#(type)","shape":[\#(elements)],"data_offsets":[4,\#(4 + bytes)]}}"#
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
        let content = length + Array(header.utf8) + [UInt8](repeating: 0, count: 4 + bytes)
        let folder = try TemporaryFolder()
        let path = try folder.write(content, to: "model.safetensors")
        let inventory = try ModelInventory(path: path)
        #expect(inventory.tensors.map(\.elementType) == ["F32", type])
        #expect(inventory.tensors.map(\.byteCount) == [4, bytes])
        #expect(try ModelInventory(path: folder.path).tensors == inventory.tensors)
        let file = try SafetensorsFile(path: path)
        #expect(try file.tensor("a", shape: [1]).scalars == [0])
        let error = #expect(throws: SafetensorsError.self) { try file.storedTensor(named: "x") }
        #expect(error?.problem == .elementType && error?.tensor == "x" && error?.found == type)
    }

    /// Types that ggml has given up or does not have yet, between and behind others.
    @Test(arguments: [UInt32(4), 5, 31, 36, 200, .max])
    func gguf(_ type: UInt32) throws {
        let content = GGUFBytes(
            tensors: [
                .init("a", [2]), .init("x", [5, 7], type: type, offset: 32),
                .init("b", [2], offset: 96), .init("y", [3], type: type, offset: 128),
            ], data: 200
        ).bytes
        let folder = try TemporaryFolder()
        let path = try folder.write(content, to: "model.gguf")
        let tensors = try ModelInventory(path: path).tensors
        #expect(tensors.map(\.elementType) == ["f32", "type \(type)", "f32", "type \(type)"])
        #expect(tensors.map(\.byteCount) == [8, 64, 8, 72] && tensors[1].shape == [7, 5])
        let file = try GGUFFile(path: path)
        #expect(try file.tensor("b", shape: [2]).elementCount == 2)
        let error = #expect(throws: GGUFError.self) { try file.storedTensor(named: "x") }
        #expect(error?.problem == .elementType && error?.name == "x" && error?.found == "type \(type)")
    }

    @Test func placesOfUnknownTypesAreChecked() {
        for offset in [32, 1 << 40, 1 << 63, .max - 31] as [UInt64] {
            let bytes = GGUFBytes(tensors: [.init("x", [4], type: 200, offset: offset)], data: 16).bytes
            #expect(throws: GGUFError.self) { try GGUFFile(content: bytes, label: "bad.gguf") }
        }
        let twice = GGUFBytes(
            tensors: [.init("x", [4], type: 200), .init("y", [4], type: 200)], data: 16
        ).bytes
        #expect(throws: GGUFError.self) { try GGUFFile(content: twice, label: "bad.gguf") }
    }

    /// é in one scalar and in two are two names.
    @Test func namesAreTakenByTheirScalars() throws {
        let folder = try TemporaryFolder()
        let tensors = try ["\u{E9}", "e\u{301}"].enumerated().map { index, name in
            StoredTensor(name: name, try Tensor([Float(index)], shape: [1]))
        }
        try SafetensorsWriter.write(tensors, to: "\(folder.path)/model.safetensors")
        try GGUFWriter.write(metadata: [], tensors, to: "\(folder.path)/model.gguf")
        let sources: [any WeightSource] = [
            try SafetensorsFile(path: "\(folder.path)/model.safetensors"),
            try GGUFFile(path: "\(folder.path)/model.gguf"),
        ]
        for source in sources {
            #expect(try source.tensor("\u{E9}", shape: [1]).scalars == [0])
            #expect(try source.tensor("e\u{301}", shape: [1]).scalars == [1])
        }
        let metadata = GGUFBytes([("k\u{E9}", .bool(true)), ("ke\u{301}", .bool(false))]).bytes
        let file = try GGUFFile(content: metadata, label: "f.gguf")
        #expect(file.metadata["k\u{E9}"]?.bool == true && file.metadata["ke\u{301}"]?.bool == false)
    }

    @Test func valuesAreNamedByTheirKey() throws {
        let file = try GGUFFile(
            content: GGUFBytes([("a.block_count", .string("two"))]).bytes, label: "model.gguf")
        let error = #expect(throws: GGUFError.self) { try file.integer("a.block_count") }
        #expect(error?.name == "a.block_count" && error?.offset == nil)
        #expect(error.map { "\($0)" }?.contains("byte") == false)
        #expect(
            error.map { "\($0)" }?.hasPrefix("model.gguf, 'a.block_count': expected a whole number") == true)
    }
}
