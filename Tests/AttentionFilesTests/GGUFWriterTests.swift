import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Files of the reference writer read, and the same files written.
@Suite struct GGUFWriterTests {
    private static let reference = Locations.fixture("AttentionFilesTests", "blocks.gguf")
    private static let types: [(String, ElementType)] = [
        ("F16", .float16), ("BF16", .bfloat16), ("Q8_0", .q8_0), ("Q4_0", .q4_0), ("Q4_1", .q4_1),
        ("Q5_0", .q5_0), ("Q5_1", .q5_1), ("Q2_K", .q2_K), ("Q3_K", .q3_K), ("Q4_K", .q4_K), ("Q5_K", .q5_K),
        ("Q6_K", .q6_K),
    ]

    private func bits(_ tensor: Tensor) -> [UInt32] { tensor.scalars.map(\.bitPattern) }

    /// Every number of every type, to the bit; -0 and 0 are one.
    @Test func readsTheReferencesNumbers() throws {
        let file = try GGUFFile(path: Self.reference.path)
        for (name, type) in Self.types {
            let stored = try #require(try file.storedTensor(named: name))
            #expect(stored.elementType == type && stored.shape == [2, 256])
            let expected = try file.tensor("\(name).numbers", shape: [2, 256]).scalars
            #expect(try stored.float32().scalars == expected, "\(name)")
        }
    }

    @Test func roundsAsTheReferenceDoes() throws {
        let file = try GGUFFile(path: Self.reference.path)
        let source = try file.tensor("source", shape: [2, 256])
        for (name, type) in Self.types where type.blockLength < 256 {
            let expected = try #require(try file.storedTensor(named: name)).withUnsafeBytes { Array($0) }
            let found = try StoredTensor(name: name, source, quantizedTo: type).withUnsafeBytes { Array($0) }
            #expect(found == expected, "\(name)")
        }
    }

    /// The bytes are those of the reference writer, so all of its readers can read them.
    @Test func writesTheReferencesBytes() throws {
        let original = try GGUFFile(path: Self.reference.path)
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/again.gguf"
        let metadata = original.keys.map { (key: $0, value: original.metadata[$0]!) }
        try GGUFWriter.write(
            metadata: metadata, original.tensorNames.map { try original.storedTensor(named: $0)! }, to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(contentsOf: Self.reference))
    }

    @Test func valuesComeBack() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/values.gguf"
        let values: [(key: String, value: GGUFValue)] = [
            ("general.alignment", .uint32(64)), ("s", .array(GGUFArray(["a", "", "ü"]))),
            ("i", .array(GGUFArray([1, -2] as [Int32]))), ("u", .array(GGUFArray([.max] as [UInt32]))),
            ("f", .array(GGUFArray([0.5, -.infinity] as [Float]))), ("b", .array(GGUFArray([true, false]))),
            ("none", .array(GGUFArray([String]()))),
        ]
        let tensors = try [
            StoredTensor(name: "x", Tensor([1, 2, 3], shape: [3, 1])),
            StoredTensor(name: "none", .zeros([2, 0])),
            StoredTensor(name: "y", .zeros([2, 32]), quantizedTo: .q4_0),
        ]
        try GGUFWriter.write(metadata: values, tensors, to: path)
        let file = try GGUFFile(path: path)
        #expect(file.keys == values.map(\.key) && file.alignment == 64)
        for (key, value) in values { #expect(file.metadata[key] == value) }
        #expect(file.entries.map(\.shape) == [[3, 1], [2, 0], [2, 32]])
        #expect(try file.tensor("x", shape: [3, 1]).scalars == [1, 2, 3])
    }

    @Test func refusesWhatCannotBeWritten() throws {
        typealias Plan = GGUFWriter.Plan
        let good = Plan(name: "x", elementType: .float32, shape: [1])
        for plans in [
            [good, good], [Plan(name: "x", elementType: .uint8, shape: [1])],
            [Plan(name: "x", elementType: .q8_0, shape: [31])],
            [Plan(name: "x", elementType: .float32, shape: [1, 1, 1, 1, 1])],
            [Plan(name: String(repeating: "x", count: 64), elementType: .float32, shape: [1])],
        ] {
            #expect(throws: ModelFileError.self) { try GGUFWriter(metadata: [], tensors: plans) }
        }
        for metadata in [
            [("a", .bool(true)), ("a", .bool(true))], [("general.alignment", .uint32(3))],
            [("general.alignment", .uint64(32))],
        ] as [[(key: String, value: GGUFValue)]] {
            #expect(throws: ModelFileError.self) { try GGUFWriter(metadata: metadata, tensors: []) }
        }
        let folder = try TemporaryFolder()
        #expect(throws: ModelFileError.self) {
            try GGUFWriter(metadata: [], tensors: [good]).write(to: "\(folder.path)/x.gguf") { _ in
                StoredTensor(name: "x", .zeros([2]))
            }
        }
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/x.gguf"))
    }
}
