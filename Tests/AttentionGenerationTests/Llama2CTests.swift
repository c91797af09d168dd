import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A model in the three forms of llama2.c's files.
@Suite struct Llama2CTests {
    /// The files of one model: `NAME.bin`, `NAME_v1.bin` and `NAME-q8.bin`.
    struct Checkpoints: Sendable, CustomStringConvertible {
        let description: String
        let folder: URL
        let expected: URL
        /// How many numbers share a scale in 8 bits. Groups go over the ends of rows.
        let groupSize: Int

        /// A tiny random model; and a trained one, where the published data is.
        static let all: [Checkpoints] = {
            let own = Locations.fixture("AttentionGenerationTests", "llama2c")
            let tiny = Checkpoints(
                description: "llama", folder: own,
                expected: own.appendingPathComponent("expected_greedy.json"), groupSize: 16)
            guard let stories = TrainedModel.stories else { return [tiny] }
            return [
                tiny,
                Checkpoints(
                    description: "stories260K", folder: stories.folder.deletingLastPathComponent(),
                    expected: stories.folder.appendingPathComponent("expected_greedy.json"), groupSize: 8),
            ]
        }()

        func path(_ ending: String) -> String {
            folder.appendingPathComponent("\(description)\(ending).bin").path
        }
    }

    @Test(arguments: Checkpoints.all, ["", "_v1"])
    func greedyTokens(_ checkpoints: Checkpoints, _ ending: String) throws {
        let file = try Llama2CFile(path: checkpoints.path(ending))
        let metadata = Metadata(
            values: Dictionary(uniqueKeysWithValues: file.metadata.map { ($0.key, $0.value) }))
        let decoder = try DecoderTransformer(.init(metadata: metadata), from: file)
        let expected = try JSONDecoder().decode(
            TrainedModel.Greedy.self, from: Data(contentsOf: checkpoints.expected)
        ).ids
        try #require(expected.count > 40)
        var cache = try decoder.makeCache(capacity: expected.count)
        var ids = [expected[0]]
        while ids.count < expected.count {
            ids.append(try decoder([ids[ids.count - 1]], cache: &cache).indexOfLargest(inRow: 0))
        }
        #expect(ids == expected)
    }

    /// In 8 bits every number is within half a step of version 1's, and norms are the same.
    @Test(arguments: Checkpoints.all)
    func eightBits(_ checkpoints: Checkpoints) throws {
        let exact = try Llama2CFile(path: checkpoints.path("_v1"))
        let file = try Llama2CFile(path: checkpoints.path("-q8"))
        #expect(file.tensorNames == exact.tensorNames)
        for name in file.tensorNames {
            let (a, b) = (
                try #require(try exact.storedTensor(named: name)), try file.storedTensor(named: name)
            )
            let numbers = try a.float32().scalars
            let rounded = try #require(b).float32().scalars
            #expect(b?.shape == a.shape)
            guard a.shape.rank == 2 else {
                #expect(numbers == rounded)
                continue
            }
            for first in stride(from: 0, to: numbers.count, by: checkpoints.groupSize) {
                let group = first..<first + checkpoints.groupSize
                let step = group.reduce(Float(0)) { max($0, abs(numbers[$1])) } / 127
                #expect(
                    group.allSatisfy { abs(numbers[$0] - rounded[$0]) <= 0.5001 * step }, "\(name) \(first)")
            }
        }
    }

    /// Cut, grown and mutated files end in an error that names the file.
    @Test(arguments: Checkpoints.all, ["_v1", "-q8"])
    func hostileFiles(_ checkpoints: Checkpoints, _ ending: String) throws {
        let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: checkpoints.path(ending))))
        let target = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).bin")
        defer { try? FileManager.default.removeItem(at: target) }
        func refuses(_ bytes: [UInt8]) throws {
            try Data(bytes).write(to: target)
            #expect(throws: ModelFileError.self) { try Llama2CFile(path: target.path) }
        }
        for count in [1, 7, 27, 35, 255, 300, whole.count - 1] { try refuses(Array(whole[..<count])) }
        try refuses(whole + [0])
        // Version 2's groups, where version 1 has nothing.
        for place in Array(stride(from: 4, to: 36, by: 4)) + (ending == "-q8" ? [37] : []) {
            for value: Int32 in [0, -1, .max, .min, 3, 1 << 24] {
                var bytes = whole
                withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(place..<place + 4, with: $0) }
                // The number of positions is not in version 1's tensors.
                if place != 32 || value <= 0 || value >= 1 << 24 { try refuses(bytes) }
            }
        }
    }

    private struct Metadata: ModelMetadata {
        let label = "llama2.c"
        let values: [String: GGUFValue]

        func string(_ key: String) -> String? { values[key]?.string }
        func integer(_ key: String) -> Int? { values[key]?.integer }
        func double(_ key: String) -> Double? { values[key]?.double }
        func bool(_ key: String) -> Bool? { values[key]?.bool }
        func integers(_ key: String) -> [Int]? { values[key]?.array?.integers }
        func count(_ key: String) -> Int? { values[key]?.array?.count }
    }
}
