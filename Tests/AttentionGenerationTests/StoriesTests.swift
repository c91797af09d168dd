import AttentionFiles
import AttentionGeneration
import AttentionModels
import AttentionTensors
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Karpathy's trained model of 260,000 parameters in every form in which it is published.
@Suite(.enabled(if: Stories.folder != nil, "shared/data/stories260K is not here"))
struct StoriesTests {
    @Test(arguments: ["f32", "f16", "bf16", "q8_0"])
    func publishedTokens(_ type: String) throws {
        let model = try LanguageModel(path: #require(Stories.gguf(type)))
        let expected = try #require(try Stories.expected()[type]).ids
        try #require(expected.count > 90)
        var cache = try model.decoder.makeCache(capacity: 512)
        var ids = [expected[0]]
        while ids.count < expected.count {
            let logits = try model.decoder([[ids[ids.count - 1]]], cache: &cache).scalars
            ids.append(logits.firstIndex(of: logits.max()!)!)
        }
        #expect(ids == expected)
    }

    /// The published 200 tokens and their text, and both with guesses ahead.
    @Test func publishedText() throws {
        let model = try LanguageModel(path: #require(Stories.gguf("f32")))
        let published = try #require(try Stories.published())
        for speculation in [nil, Speculation.lookup, .draft(model.decoder)] {
            var options = GenerationOptions(maximumTokens: published.ids.count - 1)
            options.speculation = speculation
            var generation = try model.generation(of: [published.ids[0]], options)
            let tokens = try generation.rest()
            #expect(published.ids[...0] + tokens.map(\.id) == published.ids)
            #expect(tokens.map(\.text).joined() == published.text)
        }
    }

    /// A folder without a tokenizer works with tokens.
    @Test func withoutATokenizer() throws {
        let folder = try #require(Stories.folder).appendingPathComponent("hf").path
        let model = try LanguageModel(path: folder)
        let published = try #require(try Stories.published())
        let tokens = try model.generated([published.ids[0]], GenerationOptions(maximumTokens: 40))
        #expect(tokens == Array(published.ids[1...40]))
        #expect(throws: TokenizerError.noTokenizerFile(folder: folder)) { try model.tokenizer }
    }

    /// A stop string that begins and ends within tokens; the text goes on from the prompt with its space.
    @Test func stopStrings() throws {
        let model = try LanguageModel(path: #require(Stories.gguf("f32")))
        var options = GenerationOptions(maximumTokens: 60)
        options.stopStrings = ["ed to pl"]
        var generation = try model.generation(of: model.tokenize(prompt: "Once upon a time, there"), options)
        let text = try generation.rest().map(\.text).joined()
        #expect(text == " was a little girl named Lily. She lov")
        #expect(generation.state.finish == .stopString("ed to pl"))
    }

    /// What 8 bits cost. The text is the model's own, so that it foresees it well.
    @Test func perplexityInEightBits() throws {
        let ids = try #require(try Stories.published()).ids
        func perplexity(_ type: String) throws -> Double {
            try LanguageModel(path: #require(Stories.gguf(type)))
                .perplexity(of: ids, windows: .sliding(length: 128, stride: 64)).value
        }
        let (exact, eightBits) = (try perplexity("f32"), try perplexity("q8_0"))
        #expect(exact > 1 && exact < 2)
        #expect(abs(eightBits / exact - 1) < 0.01)
    }
}

/// The same weights in llama2.c's own files.
@Suite(.enabled(if: Stories.folder != nil, "shared/data/stories260K is not here"))
struct Llama2CTests {
    @Test(arguments: ["stories260K", "stories260K_v1"])
    func publishedTokens(_ name: String) throws {
        let path = try #require(Stories.folder).appendingPathComponent("../\(name).bin").path
        let file = try Llama2CFile(path: path)
        let metadata = Metadata(
            values: Dictionary(uniqueKeysWithValues: file.metadata.map { ($0.key, $0.value) }))
        let decoder = try DecoderTransformer(.init(metadata: metadata), from: file)
        let expected = try JSONDecoder().decode(
            Stories.Expected.self,
            from: Data(contentsOf: #require(Stories.folder).appendingPathComponent("expected_greedy.json"))
        ).ids
        try #require(expected.count >= 200)
        var cache = try decoder.makeCache(capacity: 512)
        var ids = [expected[0]]
        while ids.count < expected.count {
            let logits = try decoder([[ids[ids.count - 1]]], cache: &cache).scalars
            ids.append(logits.firstIndex(of: logits.max()!)!)
        }
        #expect(ids == expected)
    }

    /// In 8 bits every number is within half a step of version 1's, and norms are the same.
    @Test func eightBits() throws {
        let folder = try #require(Stories.folder).path
        let exact = try Llama2CFile(path: "\(folder)/../stories260K_v1.bin")
        let file = try Llama2CFile(path: "\(folder)/../stories260K-q8.bin")
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
            // Groups of eight go over the ends of rows of 172.
            for first in stride(from: 0, to: numbers.count, by: 8) {
                let group = first..<first + 8
                let step = group.reduce(Float(0)) { max($0, abs(numbers[$1])) } / 127
                #expect(
                    group.allSatisfy { abs(numbers[$0] - rounded[$0]) <= 0.5001 * step }, "\(name) \(first)")
            }
        }
    }

    /// Cut, grown and mutated files end in an error that names the file.
    @Test(arguments: ["stories260K_v1", "stories260K-q8"])
    func hostileFiles(_ name: String) throws {
        let path = try #require(Stories.folder).appendingPathComponent("../\(name).bin").path
        let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let target = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).bin")
        defer { try? FileManager.default.removeItem(at: target) }
        func refuses(_ bytes: [UInt8]) throws {
            try Data(bytes).write(to: target)
            #expect(throws: ModelFileError.self) { try Llama2CFile(path: target.path) }
        }
        for count in [1, 7, 27, 35, 255, 300, whole.count - 1] { try refuses(Array(whole[..<count])) }
        try refuses(whole + [0])
        // Version 2's groups, where version 1 has nothing.
        for place in Array(stride(from: 4, to: 36, by: 4)) + (name.hasSuffix("q8") ? [37] : []) {
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

enum Stories {
    static let folder = Locations.data.map { $0.appendingPathComponent("stories260K/derived") }
        .flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }

    static func gguf(_ type: String) -> String? {
        folder.map { $0.appendingPathComponent("stories260K-\(type).gguf").path }
    }

    struct Expected: Decodable { let ids: [Int] }

    struct Published: Decodable {
        let ids: [Int]
        let text: String
    }

    static func published() throws -> Published? {
        try folder.map { folder in
            try JSONDecoder().decode(
                Published.self, from: Data(contentsOf: folder.appendingPathComponent("expected_greedy.json")))
        }
    }

    static func expected() throws -> [String: Expected] {
        guard let folder else { return [:] }
        return try JSONDecoder().decode(
            [String: Expected].self,
            from: Data(contentsOf: folder.appendingPathComponent("gguf_expected.json")))
    }
}
