import AttentionFiles
import AttentionHub
import Foundation
import TestSupport
import Testing

/// Fetching models: the files, their places in the cache, and finding them there.
@Suite struct FetchTests {
    static let weights = FakeHub.File(content: noise(100_000), isLarge: true)

    static let encoder: [String: FakeHub.File] = [
        "config.json": small("{}"), "tokenizer.json": small(#"{"a": 1}"#), "README.md": small("no"),
        "model.safetensors": weights, "pytorch_model.bin": small("no"), "onnx/model.onnx": small("no"),
        "modules.json": small("[]"), "1_Pooling/config.json": small("{ }"), "2_Dense/other.txt": small("no"),
    ]

    static func noise(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
    }

    static func small(_ text: String) -> FakeHub.File { .init(content: Array(text.utf8), isLarge: false) }

    private func content(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// git's hash of a file with these contents, which the fake hub uses.
    @Test func gitObjects() {
        #expect(Self.small("").tag == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
        #expect(Self.small("hello\n").tag == "ce013625030ba8dba906f756967f9e9ca394464a")
    }

    /// Older sentence-transformers models keep the encoder and its tokenizer in a folder of their own.
    @Test func anEncoderInAFolder() async throws {
        let modules = #"[{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}]"#
        let fake = try FakeHub([
            "o/m": [
                "modules.json": Self.small(modules), "0_Transformer/config.json": Self.small("{}"),
                "0_Transformer/model.safetensors": Self.weights, "0_Transformer/vocab.txt": Self.small("a"),
                "0_Transformer/sentence_roberta_config.json": Self.small("{}"),
                "0_Transformer/pytorch_model.bin": Self.small("no"),
                "1_Pooling/config.json": Self.small("{}"),
            ]
        ])
        let path = try await fake.modelHub().path(of: "o/m")
        #expect(
            try FileManager.default.subpathsOfDirectory(atPath: path).sorted() == [
                "0_Transformer", "0_Transformer/config.json", "0_Transformer/model.safetensors",
                "0_Transformer/sentence_roberta_config.json", "0_Transformer/vocab.txt", "1_Pooling",
                "1_Pooling/config.json", "modules.json",
            ])
        let count = fake.hub.requests.count
        #expect(try await fake.modelHub().path(of: "o/m") == path)
        #expect(fake.hub.requests.count == count)
    }

    @Test func aFolder() async throws {
        let fake = try FakeHub(["o/m": Self.encoder])
        let path = try await fake.modelHub().path(of: "o/m")
        let entry = "\(fake.cache)/models--o--m"
        #expect(path == "\(entry)/snapshots/\(FakeHub.commit)")
        let files = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
        #expect(
            files == [
                "1_Pooling", "1_Pooling/config.json", "config.json", "model.safetensors", "modules.json",
                "tokenizer.json",
            ])
        #expect(try content("\(path)/model.safetensors") == Self.weights.content)
        // As Python lays it out.
        let manager = FileManager.default
        #expect(
            try manager.destinationOfSymbolicLink(atPath: "\(path)/model.safetensors")
                == "../../blobs/\(Self.weights.tag)")
        #expect(
            try manager.destinationOfSymbolicLink(atPath: "\(path)/1_Pooling/config.json")
                == "../../../blobs/\(Self.small("{ }").tag)")
        #expect(try content("\(entry)/refs/main") == Array(FakeHub.commit.utf8))
        #expect(try manager.contentsOfDirectory(atPath: "\(entry)/blobs").allSatisfy { !$0.contains(".") })

        // What is there is not asked for again.
        let count = fake.hub.requests.count
        #expect(try await fake.modelHub().path(of: "o/m") == path)
        #expect(try await fake.modelHub(["HF_HUB_OFFLINE": "1"]).path(of: "o/m") == path)
        #expect(fake.hub.requests.count == count)
        #expect(try await fake.modelHub().fetch(ModelReference("o/m")) == path)
        #expect(fake.downloads.count { $0.target.hasSuffix("config.json") } == 2)
    }

    @Test func incompleteCachesAreCompleted() async throws {
        let fake = try FakeHub(["o/m": Self.encoder])
        let path = try await fake.modelHub().path(of: "o/m", parts: .tokenizer)
        #expect(!FileManager.default.fileExists(atPath: "\(path)/model.safetensors"))
        // A part is better than nothing where the hub cannot be asked.
        #expect(try await fake.modelHub(["HF_HUB_OFFLINE": "1"]).path(of: "o/m") == path)
        #expect(try await fake.modelHub(["HF_ENDPOINT": "http://127.0.0.1:1"]).path(of: "o/m") == path)
        #expect(try await fake.modelHub().path(of: "o/m") == path)
        #expect(try content("\(path)/model.safetensors") == Self.weights.content)
    }

    @Test func shards() async throws {
        let index = #"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#
        let files = [
            "config.json": Self.small("{}"), "model.safetensors.index.json": Self.small(index),
            "model-1.safetensors": Self.weights, "model-2.safetensors": Self.small("two"),
            "model-3.safetensors": Self.small("no"),
        ]
        let fake = try FakeHub(["o/m": files])
        let path = try await fake.modelHub().path(of: "o/m")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: path).sorted() == [
                "config.json", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json",
            ])
        #expect(try content("\(path)/model-2.safetensors") == Array("two".utf8))
    }

    @Test(arguments: ["../x", "/etc/passwd", "a\\\\b", "absent.safetensors", "model-1.safetensors/.."])
    func anIndexThatLeadsElsewhere(_ name: String) async throws {
        let index = #"{"weight_map": {"a": "\#(name)"}}"#
        let files = ["config.json": Self.small("{}"), "model.safetensors.index.json": Self.small(index)]
        let fake = try FakeHub(["o/m": files])
        await #expect(throws: HubError.self) { try await fake.modelHub().path(of: "o/m") }
    }

    @Test func aFile() async throws {
        let files = ["a.gguf": Self.weights, "sub/b c.gguf": Self.small("b"), "README.md": Self.small("no")]
        let fake = try FakeHub(["o/g": files])
        let hub = try fake.modelHub()
        let snapshot = "\(fake.cache)/models--o--g/snapshots/\(FakeHub.commit)"
        #expect(try await hub.path(of: "o/g:sub/b c.gguf") == "\(snapshot)/sub/b c.gguf")
        #expect(try await hub.path(of: "o/g@\(FakeHub.commit):a.gguf") == "\(snapshot)/a.gguf")
        #expect(try content("\(snapshot)/a.gguf") == Self.weights.content)
        #expect(fake.store.requests.count == 1)
    }

    /// A name without a file means the repository's model, not a file that happens to be in the cache.
    @Test func aFileOfAFolder() async throws {
        var files = Self.encoder
        files["x.gguf"] = Self.small("x")
        let fake = try FakeHub(["o/m": files])
        _ = try await fake.modelHub().path(of: "o/m:x.gguf")
        let offline = try fake.modelHub(["HF_HUB_OFFLINE": "1"])
        let error = await #expect(throws: ModelLocatorError.self) { try await offline.path(of: "o/m") }
        #expect(try #require(error) == .partial(name: "o/m", files: ["x.gguf"]))
        let away = try fake.modelHub(["HF_ENDPOINT": "http://127.0.0.1:1"])
        await #expect(throws: HubError.self) { try await away.path(of: "o/m") }
        #expect(try await offline.path(of: "o/m:x.gguf").hasSuffix("/x.gguf"))
        let path = try await fake.modelHub().path(of: "o/m")
        #expect(try content("\(path)/model.safetensors") == Self.weights.content)
        #expect(try await offline.path(of: "o/m") == path)
    }

    @Test func aFileOfMany() async throws {
        let fake = try FakeHub(["o/g": ["x.gguf": Self.small("x"), "y.gguf": Self.small("y")]])
        let path = try await fake.modelHub().path(of: "o/g:x.gguf")
        let absent = "\(fake.cache)/models--o--g/.no_exist/\(FakeHub.commit)"
        let noted = try FileManager.default.contentsOfDirectory(atPath: absent).sorted()
        #expect(noted == ["model.safetensors", "model.safetensors.index.json"])
        let offline = try fake.modelHub(["HF_HUB_OFFLINE": "1"])
        #expect(try await offline.path(of: "o/g") == path)
        // As other programs leave it, the hub has to be asked once.
        try FileManager.default.removeItem(atPath: absent)
        await #expect(throws: ModelLocatorError.self) { try await offline.path(of: "o/g") }
        #expect(try await fake.modelHub().path(of: "o/g") == path)
        #expect(try await offline.path(of: "o/g") == path)
        #expect(fake.downloads.count == 1)
    }

    @Test func parts() async throws {
        func part(_ number: Int) -> String { "q/m-0000\(number)-of-00003.gguf" }
        var files = [
            part(1): Self.small("1"), part(2): Self.weights, part(3): Self.small("3"),
            "README.md": Self.small("no"),
        ]
        for name in ["o/g", "o/g:\(part(1))", "o/g:\(part(2))"] {
            let fake = try FakeHub(["o/g": files])
            let path = try await fake.modelHub().path(of: name)
            let folder = (path as NSString).deletingLastPathComponent
            #expect(path.hasSuffix(name == "o/g:\(part(2))" ? part(2) : part(1)))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 3)
            let downloads = fake.downloads.count
            #expect(try await fake.modelHub().path(of: name) == path)
            #expect(fake.downloads.count == downloads)
            if !name.contains("00002") {
                #expect(try await fake.modelHub(["HF_HUB_OFFLINE": "1"]).path(of: "o/g") == path)
            }
            // What is not whole is made so, and what cannot be is told.
            let last = "\(folder)/m-00003-of-00003.gguf"
            try FileManager.default.removeItem(atPath: last)
            #expect(try await fake.modelHub().path(of: name) == path)
            #expect(try content(last) == Array("3".utf8))
        }
        files["q/m-00003-of-00003.gguf"] = nil
        let fake = try FakeHub(["o/g": files])
        let error = await #expect(throws: HubError.self) { try await fake.modelHub().path(of: "o/g") }
        #expect("\(try #require(error))".contains("'q/m-00003-of-00003.gguf'"))
        files["z.gguf"] = Self.small("z")
        let several = try FakeHub(["o/g": files])
        let choice = await #expect(throws: HubError.self) { try await several.modelHub().path(of: "o/g") }
        let text = "\(try #require(choice))"
        #expect(text.contains("-00001-of-00003.gguf  100 kB") && !text.contains("-00002-of"))
    }

    @Test func severalFilesToChooseFrom() async throws {
        let files = ["a.gguf": Self.weights, "b.gguf": Self.small("b"), "README.md": Self.small("no")]
        let fake = try FakeHub([
            "o/g": files, "o/one": ["x.gguf": Self.small("x")], "o/no": ["a.bin": Self.small("x")],
        ])
        let hub = try fake.modelHub()
        #expect(try await hub.path(of: "o/one").hasSuffix("/x.gguf"))
        let error = await #expect(throws: HubError.self) { try await hub.path(of: "o/g") }
        #expect(!FileManager.default.fileExists(atPath: "\(fake.cache)/models--o--g/.no_exist"))
        let text = "\(try #require(error))"
        #expect(text.contains("o/g:a.gguf  100 kB") && text.contains("o/g:b.gguf  1 byte"), "\(text)")
        let other = await #expect(throws: HubError.self) { try await hub.path(of: "o/g:c.gguf") }
        #expect("\(try #require(other))".contains("o/g:b.gguf"))
        let none = await #expect(throws: HubError.self) { try await hub.path(of: "o/no") }
        #expect("\(try #require(none))".contains("a.bin"))
    }

    @Test func twoAtOnceFetchOnce() async throws {
        let fake = try FakeHub(["o/m": Self.encoder])
        let paths = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<4 { group.addTask { try await fake.modelHub().path(of: "o/m") } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(paths.count == 1)
        #expect(fake.store.requests.count == 1)
    }

    @Test func progressAddsUp() async throws {
        let fake = try FakeHub(["o/m": Self.encoder])
        let seen = Seen()
        _ = try await fake.modelHub().path(of: "o/m") { seen.add($0) }
        let values = seen.values
        let total = 100_000 + 2 + 8 + 2 + 3
        #expect(values.last?.present == total && values.last?.total == total)
        #expect(values.last?.arrived == total)
        #expect(zip(values, values.dropFirst()).allSatisfy { $0.present <= $1.present })
    }

    @Test func offlineSendsNoRequests() async throws {
        let fake = try FakeHub(["o/m": Self.encoder])
        for name in ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] {
            let hub = try fake.modelHub([name: "yes"])
            let error = await #expect(throws: HubError.self) { try await hub.path(of: "o/m") }
            #expect("\(try #require(error))".contains("HF_HUB_OFFLINE"))
        }
        // A long s is no S, although it has the same capital letter.
        let online = try fake.modelHub(["HF_HUB_OFFLINE": "ye\u{17F}"])
        #expect(try await online.path(of: "o/m").contains("models--o--m"))
        #expect(!fake.hub.requests.isEmpty)
    }

    @Test func namesThatNoHubCanHaveSendNoRequests() async throws {
        let fake = try FakeHub(["o/m": Self.encoder])
        // Names without an organisation, paths, and what no hub can have.
        let hub = try fake.modelHub()
        for name in ["m", "./o/m", "/o/m", "o/m/x", "o/m x", "o/.m", "o--p/m", "o/m\u{301}"] {
            await #expect(throws: (any Error).self, "\(name)") { try await hub.path(of: name) }
        }
        #expect(fake.hub.requests.isEmpty)
    }
}
