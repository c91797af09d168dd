import AttentionFiles
import Foundation
import TestSupport
import Testing

@Suite struct ModelLocatorTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.folder("here")
    }

    private func locator(_ environment: [String: String] = [:]) -> ModelLocator {
        ModelLocator(
            environment: environment, currentFolder: folder.path + "/here", home: folder.path + "/home")
    }

    /// The located folder, relative to the temporary one.
    private func locate(_ name: String, _ environment: [String: String] = [:]) throws -> String {
        let path = try locator(environment).locate(name).path
        #expect(path.hasPrefix(folder.path))
        return String(path.dropFirst(folder.path.count + 1))
    }

    private func addToHub(
        _ name: String, revision: String = "abc123", hub: String = "home/.cache/huggingface/hub"
    ) throws {
        let entry = "\(hub)/models--" + name.replacingOccurrences(of: "/", with: "--")
        try folder.write("{}", to: "\(entry)/snapshots/\(revision)/config.json")
        try folder.write(revision, to: "\(entry)/refs/main")
    }

    @Test func placesAreTriedInOrder() throws {
        let hub = "home/.cache/huggingface/hub/models--org--m/snapshots/abc123"
        #expect(throws: ModelLocatorError.self) { try locate("org/m") }
        try addToHub("org/m")
        #expect(try locate("org/m") == hub)
        #expect(try locate("m") == hub)
        try folder.folder("home/.cache/swift-attention/models/org/m")
        #expect(try locate("org/m") == "home/.cache/swift-attention/models/org/m")
        try folder.folder("here/Models/org/m")
        #expect(try locate("org/m") == "here/Models/org/m")
        try folder.folder("here/org/m")
        #expect(try locate("org/m") == "here/org/m")
        #expect(try locate("./org/m/") == "here/./org/m")
        #expect(try locate("../here/org") == "here/../here/org")
        #expect(try locate(folder.path + "/here/org") == "here/org")
    }

    @Test func environmentMovesThePlaces() throws {
        try folder.folder("one/a")
        try folder.folder("two/b")
        try folder.folder("here/Models/c")
        let roots = ["ATTENTION_MODELS": "\(folder.path)/one:\(folder.path)/two"]
        #expect(try locate("a", roots) == "one/a")
        #expect(try locate("b", roots) == "two/b")
        #expect(throws: ModelLocatorError.self) { try locate("c", roots) }
        #expect(try locate("c", ["ATTENTION_MODELS": ""]) == "here/Models/c")
        try folder.folder("xdg/swift-attention/models/d")
        #expect(try locate("d", ["XDG_CACHE_HOME": folder.path + "/xdg"]) == "xdg/swift-attention/models/d")

        try addToHub("o/e", hub: "hub1")
        try addToHub("o/e", hub: "hf/hub")
        try addToHub("o/e", hub: "xdg/huggingface/hub")
        let tail = "models--o--e/snapshots/abc123"
        var environment = ["XDG_CACHE_HOME": folder.path + "/xdg"]
        #expect(try locate("o/e", environment) == "xdg/huggingface/hub/" + tail)
        environment["HF_HOME"] = folder.path + "/hf"
        #expect(try locate("o/e", environment) == "hf/hub/" + tail)
        environment["HF_HUB_CACHE"] = folder.path + "/hub1"
        #expect(try locate("e", environment) == "hub1/" + tail)
    }

    @Test func bareNamesPreferSentenceTransformersAndRefuseToGuess() throws {
        try addToHub("one/m")
        #expect(try locate("m").contains("models--one--m"))
        try addToHub("two/m")
        #expect(throws: ModelLocatorError.ambiguous(name: "m", candidates: ["one/m", "two/m"])) {
            try locate("m")
        }
        try addToHub("sentence-transformers/m")
        #expect(try locate("m").contains("models--sentence-transformers--m"))
        try addToHub("m")
        #expect(try locate("m").contains("models--m/"))
    }

    @Test func snapshotsFollowTheirReference() throws {
        let entry = "home/.cache/huggingface/hub/models--o--m"
        try addToHub("o/m", revision: "old")
        try addToHub("o/m", revision: "new")
        #expect(try locate("o/m").hasSuffix("snapshots/new"))
        for reference in ["gone", "../../../..", "", "old/../new"] {
            try folder.write(reference + "\n", to: entry + "/refs/main.new")
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(entry)/refs/main")
            try FileManager.default.moveItem(
                atPath: "\(folder.path)/\(entry)/refs/main.new", toPath: "\(folder.path)/\(entry)/refs/main")
            #expect(throws: ModelLocatorError.self) { try locate("o/m") }
        }
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(entry)/refs/main")
        #expect(throws: ModelLocatorError.self) { try locate("o/m") }
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(entry)/snapshots/old")
        #expect(try locate("o/m").hasSuffix("snapshots/new"))
    }

    @Test func whatIsNotFoundListsPlacesAndSimilarNames() throws {
        try folder.folder("here/Models/all-MiniLM-L6-v2")
        try folder.folder("here/Models/entirely-different")
        try addToHub("org/all-MiniLM-L12-v2")
        let error = #expect(throws: ModelLocatorError.self) { try locate("All-Minilm-L6-v1") }
        guard case .notFound(_, let searched, let similar, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(similar == ["all-MiniLM-L6-v2", "org/all-MiniLM-L12-v2"])
        #expect(searched.count == 4)
        let text = String(describing: error!)
        for place in searched { #expect(text.contains(place)) }
        #expect(text.contains("Did you mean 'all-MiniLM-L6-v2'"))
    }

    /// é in one scalar and in two are two names, for the file system as well.
    @Test func namesAreTakenByTheirScalars() throws {
        let names = ["caf\u{E9}", "cafe\u{301}"]
        try addToHub("org/\(names[1])")
        #if os(Linux)
            #expect(throws: ModelLocatorError.self) { try locate(names[0]) }
            #expect(try locate(names[1]).utf8.contains("models--org--\(names[1])/".utf8))
            for name in names { try folder.folder("here/Models/\(name)") }
            let error = #expect(throws: ModelLocatorError.self) { try locate("cafes") }
            guard case .notFound(_, _, let similar, _) = error else { return }
            #expect(similar.map { Array($0.utf8) }.contains(Array(names[0].utf8)))
            #expect(similar.map { Array($0.utf8) }.contains(Array(names[1].utf8)))
        #endif
    }

    @Test func filesAreModelsToo() throws {
        let path = { (name: String) in
            String(try locator().path(of: name).dropFirst(folder.path.count + 1))
        }
        try folder.write("GGUF", to: "here/x.gguf")
        #expect(try path("x.gguf") == "here/x.gguf")
        #expect(try path("./x.gguf") == "here/./x.gguf")
        try folder.write("GGUF", to: "here/odd:name@1.gguf")
        #expect(try path("odd:name@1.gguf") == "here/odd:name@1.gguf")
        try folder.write("GGUF", to: "here/Models/y.gguf")
        #expect(try path("y.gguf") == "here/Models/y.gguf")
        try folder.write("GGUF", to: "here/Models/o/m/q8.gguf")
        #expect(try path("o/m:q8.gguf") == "here/Models/o/m/q8.gguf")
        #expect(throws: ModelLocatorError.self) { try path("o/m:q4.gguf") }
        // It is opened as what it is, which ends too soon.
        #expect(throws: GGUFError.self) { try locator().locate("y.gguf") }
        #expect(throws: ModelFileError.self) { try path("./z.gguf") }
    }

    @Test func revisionsAndFilesInTheCache() throws {
        let entry = "home/.cache/huggingface/hub/models--o--m"
        try addToHub("o/m", revision: "abc123")
        try folder.write("{}", to: "\(entry)/snapshots/def456/config.json")
        try folder.write("def456", to: "\(entry)/refs/v2")
        try folder.write("def456", to: "\(entry)/refs/pr/1")
        for name in ["o/m@v2", "m@v2", "o/m@def456", "o/m@pr/1"] {
            #expect(try locate(name) == "\(entry)/snapshots/def456", "\(name)")
        }
        #expect(try locate("o/m") == "\(entry)/snapshots/abc123")
        for name in ["o/m@v3", "o/m@v2:q8.gguf", "o/m:q8.gguf"] {
            #expect(throws: ModelLocatorError.self, "\(name)") { try locate(name) }
        }
        try folder.write("GGUF", to: "\(entry)/snapshots/def456/sub/q8.gguf")
        let found = try locator().path(of: "o/m@v2:sub/q8.gguf")
        #expect(found == "\(folder.path)/\(entry)/snapshots/def456/sub/q8.gguf")
    }

    @Test func aSnapshotOfGGUFFiles() throws {
        let entry = "home/.cache/huggingface/hub/models--o--g"
        let snapshot = "\(entry)/snapshots/abc123"
        try folder.write("GGUF", to: "\(snapshot)/a-00001-of-00002.gguf")
        try folder.write("GGUF", to: "\(snapshot)/a-00002-of-00002.gguf")
        // Whether the repository is a folder nobody has said.
        let first = "a-00001-of-00002.gguf"
        #expect(throws: ModelLocatorError.partial(name: "o/g", files: [first])) {
            try locator().path(of: "o/g")
        }
        for name in ["model.safetensors", "model.safetensors.index.json"] {
            try folder.write("", to: "\(entry)/.no_exist/abc123/\(name)")
        }
        #expect(try locator().path(of: "o/g") == "\(folder.path)/\(snapshot)/\(first)")
        try folder.write("GGUF", to: "\(snapshot)/b.gguf")
        #expect(throws: ModelLocatorError.ambiguous(name: "o/g", candidates: ["o/g:\(first)", "o/g:b.gguf"]))
        {
            try locator().path(of: "o/g")
        }
        try folder.write("", to: "\(snapshot)/model.safetensors")
        #expect(try locator().path(of: "o/g") == "\(folder.path)/\(snapshot)")
    }

    @Test func namesOfParts() {
        let part = GGUFPartName("a/b-of-1-00002-of-00010.gguf")
        #expect(part?.stem == "a/b-of-1" && part?.number == 2 && part?.count == 10)
        #expect(part?.all.last == "a/b-of-1-00010-of-00010.gguf" && part?.all.count == 10)
        for name in [
            "a.gguf", "a-00000-of-00002.gguf", "a-00003-of-00002.gguf", "a-0001-of-0002.gguf",
            "-00001-of-00002.gguf", "a-00001-of-00002.bin", "a-٠٠٠٠١-of-00002.gguf", "",
        ] { #expect(GGUFPartName(name) == nil, "\(name)") }
    }

    @Test(arguments: [
        "o/m@", "o/m:", "o/m@../x", "o/m:../x", "o/m:/x", "o/m:a//b", "o/m:a\\b", "@x", ":x", "o/m@a b/..",
    ])
    func hostileReferencesAreRefused(_ name: String) throws {
        let error = #expect(throws: ModelLocatorError.self) { try locator().path(of: name) }
        guard case .invalidName = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: ["", "a/../b", "a\u{0}b", "a\nb", "a//b", "a\\b", "x/..", "..x/../..", "\u{1B}[31m"])
    func hostileNamesAreRefused(_ name: String) throws {
        try folder.folder("here/Models/b")
        let error = #expect(throws: ModelLocatorError.self) { try locate(name) }
        guard case .invalidName = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: ["/nowhere/at/all", "./absent", "../absent", "file"])
    func pathsThatLeadToNoFolderSaySo(_ path: String) throws {
        try folder.write("x", to: "here/file")
        #expect(throws: ModelFileError.self) { try locate(path) }
    }
}
