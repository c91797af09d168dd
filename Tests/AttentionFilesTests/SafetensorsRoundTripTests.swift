import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

@Suite struct SafetensorsRoundTripTests {
    private func bytes(of tensor: StoredTensor?) -> [UInt8]? { tensor?.withUnsafeBytes { Array($0) } }

    @Test func everyElementTypeAndShapeComesBackBitForBit() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/all.safetensors"
        var random = SeededRandom(seed: 7)
        var tensors: [StoredTensor] = []
        for type in ElementType.allCases where type.blockLength == 1 {
            for shape in [[], [1], [3, 5], [0], [3, 0], [0, 7], [2, 1, 1, 3]] as [Shape] {
                let count = shape.elementCount * type.byteWidth
                let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                try tensors.append(
                    StoredTensor(name: "\(type).\(shape)", elementType: type, shape: shape, bytes: bytes))
            }
        }
        let metadata = ["format": "pt", "a \"name\"\n": "tab\t\u{1}é😀"]
        try SafetensorsWriter.write(tensors.shuffled(using: &random), metadata: metadata, to: path)

        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == metadata)
        #expect(Set(file.tensorNames) == Set(tensors.map(\.name)))
        for tensor in tensors {
            let read = try #require(try file.storedTensor(named: tensor.name))
            #expect(read.elementType == tensor.elementType)
            #expect(read.shape == tensor.shape)
            #expect(bytes(of: read) == bytes(of: tensor), "\(tensor.name)")
        }
        for entry in file.entries {
            #expect(
                entry.byteRange.lowerBound % (entry.elementType.bitWidth / 8) == 0,
                "\(entry.name) is not aligned")
        }
    }

    @Test func blocksHaveNoNameInTheFormat() throws {
        let folder = try TemporaryFolder()
        let blocks = try StoredTensor(
            name: "w", elementType: .q8_0, shape: [32], bytes: [UInt8](repeating: 0, count: 34))
        let error = #expect(throws: ModelFileError.self) {
            try SafetensorsWriter.write([blocks], to: folder.path + "/blocks.safetensors")
        }
        #expect(error?.description.contains("q8_0") == true)
    }

    @Test func theSameTensorsGiveTheSameBytesAsTheReferenceWriter() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/small.safetensors"
        let tensors = [
            try StoredTensor(name: "b", elementType: .uint8, shape: [2], bytes: [1, 2]),
            try StoredTensor(name: "a", elementType: .uint8, shape: [], bytes: [3]),
            try StoredTensor(name: "c", elementType: .float16, shape: [1, 1], bytes: [4, 5]),
        ]
        // What the Python package safetensors 0.8.0 writes for the same tensors.
        let header =
            #"{"__metadata__":{"k":"v"},"c":{"dtype":"F16","shape":[1,1],"data_offsets":[0,2]},"#
            + #""a":{"dtype":"U8","shape":[],"data_offsets":[2,3]},"b":{"dtype":"U8","shape":[2],"#
            + #""data_offsets":[3,5]}}"#
        let padding = String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        for order in [tensors, tensors.reversed()] {
            try SafetensorsWriter.write(order, metadata: ["k": "v"], to: path)
            let written = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(Array(written) == safetensors(header + padding) + [4, 5, 3, 1, 2])
        }
    }

    @Test func emptyFilesComeBack() throws {
        let folder = try TemporaryFolder()
        try SafetensorsWriter.write([], to: folder.path + "/none.safetensors")
        #expect(try SafetensorsFile(path: folder.path + "/none.safetensors").entries.isEmpty)
    }

    /// Small tensors are copied. In place, they would keep whole pages in memory.
    @Test(arguments: [(3, false), (16_384, false), (16_385, true)])
    func muchFloat32IsUsedInPlace(count: Int, isInPlace: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.safetensors"
        let values = (0..<count).map { Float($0) }
        try SafetensorsWriter.write([StoredTensor(name: "x", Tensor(values, shape: [count]))], to: path)
        let file = try SafetensorsFile(path: path)
        let mapped = try #require(try file.storedTensor(named: "x")).withUnsafeBytes {
            UInt(bitPattern: $0.baseAddress)
        }
        let tensor = try file.tensor("x", shape: [count])
        #expect((tensor.withUnsafeBuffer { UInt(bitPattern: $0.baseAddress) } == mapped) == isInPlace)
        #expect(tensor.scalars == values)
        // The entry's place in the file and the address agree, so the address lies in the mapping.
        let offset = try #require(file.entry(named: "x")).byteRange.lowerBound
        #expect((mapped - UInt(offset)) % 4096 == 0)
    }

    @Test func unalignedDataIsReadToo() throws {
        let folder = try TemporaryFolder()
        let header = #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
        let values: [Float] = [1.5, -2]
        let data = values.flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
        for padding in 0..<8 {
            let path = try folder.write(
                safetensors(header + String(repeating: " ", count: padding)) + data,
                to: "\(padding).safetensors")
            #expect(try SafetensorsFile(path: path).tensor("x", shape: [2]).scalars == values)
        }
    }

    @Test func tensorsOutliveTheirFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.safetensors"
        try SafetensorsWriter.write([StoredTensor(name: "x", Tensor([1, 2], shape: [2]))], to: path)
        let old = try SafetensorsFile(path: path).tensor("x", shape: [2])
        // Replacing the file, even with tensors out of itself, leaves what is mapped as it was.
        try SafetensorsWriter.write([StoredTensor(name: "x", old), StoredTensor(name: "y", old)], to: path)
        try FileManager.default.removeItem(atPath: path)
        #expect(old.scalars == [1, 2])
    }

    @Test func aFailedWriteLeavesNothingBehind() throws {
        let folder = try TemporaryFolder()
        try folder.folder("taken.safetensors")
        let tensor = try StoredTensor(name: "x", Tensor([1], shape: [1]))
        #expect(throws: ModelFileError.self) {
            try SafetensorsWriter.write([tensor], to: folder.path + "/taken.safetensors")
        }
        #expect(throws: ModelFileError.self) {
            try SafetensorsWriter.write([tensor], to: folder.path + "/absent/x.safetensors")
        }
        #expect(throws: ModelFileError.self) {
            try SafetensorsWriter.write([tensor, tensor], to: folder.path + "/twice.safetensors")
        }
        #expect(throws: ModelFileError.self) {
            let notes = try StoredTensor(name: "__metadata__", Tensor([1], shape: [1]))
            try SafetensorsWriter.write([notes], to: folder.path + "/notes.safetensors")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["taken.safetensors"])
    }

    @Test func namesAreFoundBehindTheProtocolToo() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.safetensors"
        try SafetensorsWriter.write([StoredTensor(name: "layer.0.x", Tensor([1], shape: [1]))], to: path)
        let source: any WeightSource = try SafetensorsFile(path: path)
        #expect(source.contains("layer.0.x"))
        #expect(!source.contains("x"))
        let layer: any WeightSource = source.scoped("layer").scoped("0")
        #expect(layer.contains("x"))
        #expect(throws: TensorError.missingTensor(name: "layer.0.y", source: path)) {
            try layer.tensor("y", shape: [1])
        }
        #expect(throws: TensorError.self) { try layer.tensor("x", shape: [2]) }
    }
}
