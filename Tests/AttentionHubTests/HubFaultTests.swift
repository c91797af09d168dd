import AttentionFiles
import AttentionHub
import Foundation
import TestSupport
import Testing

/// Servers that disconnect, answer wrongly, or attack.
@Suite struct HubFaultTests {
    private static let file = FetchTests.weights

    /// A hub with one large file, fetched after the faults.
    private func fake(_ faults: FakeHub.Fault...) throws -> FakeHub {
        try FakeHub(["o/g": ["x.gguf": Self.file, "y.gguf": FetchTests.small("small")]], faults: faults)
    }

    private func fetch(_ fake: FakeHub, _ file: String = "x.gguf", _ environment: [String: String] = [:])
        async throws
        -> [UInt8]
    {
        let path = try await fake.modelHub(environment).path(of: "o/g:\(file)")
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The reason why it could not be fetched.
    private func failure(
        _ fake: FakeHub, _ file: String = "x.gguf", _ environment: [String: String] = [:]
    ) async throws -> HubError {
        let error = await #expect(throws: HubError.self) { try await fetch(fake, file, environment) }
        guard case .notFetched(_, let reason) = error else { return try #require(error) }
        return reason
    }

    /// The name of the error's case.
    private func kind(_ error: HubError) -> String {
        Mirror(reflecting: error).children.first?.label ?? "\(error)"
    }

    /// A fault of the next request for the content that a large file has.
    private static func content(_ change: @escaping @Sendable (inout LocalServer.Reply) -> Void)
        -> FakeHub.Fault
    {
        { request, sound in
            guard request.method == "GET", sound.status == 200 || sound.status == 206 else { return nil }
            var reply = sound
            change(&reply)
            return reply
        }
    }

    /// A fault of the next request to the hub about the file.
    private static func head(_ change: @escaping @Sendable (inout LocalServer.Reply) -> Void) -> FakeHub.Fault
    {
        { request, sound in
            guard request.method == "HEAD" else { return nil }
            var reply = sound
            change(&reply)
            return reply
        }
    }

    private func blobs(_ fake: FakeHub) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(fake.cache)/models--o--g/blobs")) ?? []
    }

    // MARK: Going on

    @Test func connectionsThatBreakOff() async throws {
        let fake = try self.fake(
            Self.content { $0.cut = 10_000 }, Self.content { $0.cut = 0 }, Self.content { $0.cut = 50_001 },
            Self.head { $0.status = 503 },
            Self.head {
                $0.status = 429
                $0.headers["Retry-After"] = "0"
            })
        #expect(try await fetch(fake) == Self.file.content)
        let starts = starts(fake)
        #expect(starts.count == 4 && starts == starts.sorted() && starts[1] == starts[2])
        #expect(starts[0] == 0 && starts[1] <= 10_000 && starts[3] <= starts[2] + 50_001)
        #expect(blobs(fake) == [Self.file.tag])
    }

    /// Where each request for the content began. A connection that breaks off takes along what the receiver
    /// has not asked for yet, so that the next request may begin before the last byte that was sent.
    private func starts(_ fake: FakeHub) -> [Int] {
        fake.store.requests.map { request in
            (request.headers["range"]?.dropFirst(6).dropLast()).flatMap { Int($0) } ?? 0
        }
    }

    /// An answer that ends as it says, and before the file does, is gone on with.
    @Test func answersThatAreTooShort() async throws {
        let fake = try self.fake(
            Self.content { $0.body = Array($0.body.prefix(30_000)) }, Self.content { $0.body = [] },
            Self.content { $0.body.removeLast() })
        #expect(try await fetch(fake) == Self.file.content)
        let ranges = fake.store.requests.map { $0.headers["range"] }
        #expect(ranges == [nil, "bytes=30000-", "bytes=30000-", "bytes=99999-"])
    }

    /// A hash means the same in capital letters.
    @Test func hashesInCapitals() async throws {
        let fake = try self.fake(
            Self.head { $0.headers["X-Linked-Etag"] = "\"\(Self.file.tag.uppercased())\"" })
        #expect(try await fetch(fake) == Self.file.content)
    }

    @Test func serversThatFallSilent() async throws {
        let fake = try self.fake(
            Self.content {
                $0.cut = 30_000
                $0.stalls = true
            }, Self.head { $0.delay = .milliseconds(900) })
        let path = try await fake.modelHub(timeout: .milliseconds(300)).path(of: "o/g:x.gguf")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(Self.file.content))
        #expect(fake.store.requests.last?.headers["range"] == "bytes=30000-")
    }

    @Test func anotherProgramGoesOn() async throws {
        let fake = try self.fake()
        let folder = "\(fake.cache)/models--o--g/blobs"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let left = URL(fileURLWithPath: "\(folder)/\(Self.file.tag).incomplete")
        try Data(Self.file.content[..<70_000]).write(to: left)
        #expect(try await fetch(fake) == Self.file.content)
        #expect(fake.store.requests.map { $0.headers["range"] } == ["bytes=70000-"])
    }

    @Test(arguments: [1, 70_000, 99_999, 100_000, 100_001])
    func wrongPartialFilesAreReplaced(_ count: Int) async throws {
        let fake = try self.fake()
        let folder = "\(fake.cache)/models--o--g/blobs"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let left = URL(fileURLWithPath: "\(folder)/\(Self.file.tag).incomplete")
        try Data(repeating: 7, count: count).write(to: left)
        #expect(try await fetch(fake) == Self.file.content)
        #expect(blobs(fake) == [Self.file.tag])
        // What is as long as the whole file, or longer, is not asked to go on.
        let ranges = fake.store.requests.map { $0.headers["range"] }
        #expect(ranges == (count < 100_000 ? ["bytes=\(count)-", nil] : [nil]))
    }

    @Test func serversThatTakeRangesLightly() async throws {
        let whole = Self.file.content
        for change: @Sendable (inout LocalServer.Reply) -> Void in [
            { $0 = .init(body: whole) },
            { $0.headers["Content-Range"] = "bytes 0-99999/100000" },
            { $0.headers["Content-Range"] = nil },
            {
                $0.headers["Content-Range"] = "bytes 0-99999/100000"
                $0.body = whole
            },
            { $0 = .init(status: 416) },
        ] {
            let fake = try self.fake(Self.content { $0.cut = 10_000 }, Self.content(change))
            #expect(try await fetch(fake) == whole)
        }
    }

    /// A tag that is not a hash proves nothing, so the server must confirm that the content is unchanged.
    @Test func contentsWithoutAHash() async throws {
        let fake = try self.fake(
            Self.head { $0.headers["X-Linked-Etag"] = "\"v1\"" }, Self.content { $0.cut = 10_000 })
        #expect(try await fetch(fake) == Self.file.content)
        let requests = fake.store.requests
        #expect(starts(fake).count == 2 && starts(fake)[1] <= 10_000)
        #expect(requests.allSatisfy { ($0.headers["range"] == nil) == ($0.headers["if-range"] == nil) })
        #expect(requests.compactMap { $0.headers["if-range"] }.allSatisfy { $0 == "\"v1\"" })
        #expect(blobs(fake) == ["v1"])
    }

    @Test func attemptsAreLimited() async throws {
        let always: [FakeHub.Fault] = Array(repeating: Self.content { $0.cut = 1 }, count: 100)
        let cut = try FakeHub(["o/g": ["x.gguf": Self.file]], faults: always)
        #expect(try await kind(failure(cut)) == "unreachable")
        #expect(cut.store.requests.count == HubConnection.attempts)
        let failing: [FakeHub.Fault] = Array(repeating: Self.head { $0.status = 500 }, count: 100)
        let down = try FakeHub(["o/g": ["x.gguf": Self.file]], faults: failing)
        #expect(try await kind(failure(down)) == "refused")
        #expect(down.hub.requests.count == HubConnection.attempts)
    }

    // MARK: Wrong answers

    @Test func aWrongContentIsRefused() async throws {
        for change: @Sendable (inout LocalServer.Reply) -> Void in [
            { $0.body[500] ^= 1 }, { $0.body.append(0) }, { $0.headers["Content-Encoding"] = "br" },
        ] {
            let fake = try self.fake(Self.content(change))
            let found = kind(try await failure(fake))
            #expect(["damaged", "invalidAnswer"].contains(found))
            #expect(blobs(fake).allSatisfy { $0.hasSuffix(".incomplete") })
            // Nothing of it hinders the next attempt.
            #expect(try await fetch(fake) == Self.file.content)
        }
        let small = try fake(Self.content { $0.body[0] ^= 1 })
        #expect(try await kind(failure(small, "y.gguf")) == "damaged")
    }

    @Test func aWrongSizeIsRefused() async throws {
        for size in ["99999", "0"] {
            #expect(
                try await kind(failure(try fake(Self.head { $0.headers["X-Linked-Size"] = size })))
                    == "damaged")
        }
        let fake = try self.fake(Self.head { $0.headers["X-Linked-Size"] = "100001" })
        _ = try await failure(fake)
        let huge = try self.fake(Self.head { $0.headers["X-Linked-Size"] = "\(Int.max / 2)" })
        #expect(try await kind(failure(huge)) == "noSpace")
        #expect(huge.store.requests.isEmpty)
        // What is no number says nothing.
        for size in ["-1", "1e5", "99999999999999999999"] {
            let odd = try self.fake(Self.head { $0.headers["X-Linked-Size"] = size })
            #expect(try await fetch(odd) == Self.file.content)
        }
    }

    @Test(arguments: ["../../../x", "a/b", "..", "", "\"", "a\\b", "x y", String(repeating: "a", count: 129)])
    func hostileTags(_ tag: String) async throws {
        let fake = try self.fake(Self.head { $0.headers["X-Linked-Etag"] = tag })
        #expect(try await kind(failure(fake)) == "invalidAnswer")
        #expect(blobs(fake).isEmpty)
    }

    @Test(arguments: ["../..", "", "main", "0123456/../../../etc", "xyz"])
    func hostileCommits(_ commit: String) async throws {
        let fake = try self.fake(Self.head { $0.headers["X-Repo-Commit"] = commit })
        #expect(try await kind(failure(fake)) == "invalidAnswer")
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"sha": "../..", "siblings": []}"#, #"{"sha": 3, "siblings": []}"#,
        #"{"sha": "0123456789", "siblings": {}}"#, #"{"sha": "0123456789", "siblings": []}"#,
        #"{"sha": "0123456789", "siblings": [{"rfilename": "../../config.json"}, {"rfilename": 3}, 4, {}]}"#,
        #"{"sha": "0123456789", "siblings": [{"rfilename": "../../x.gguf"}, {"rfilename": "/x.gguf", "size": -1}]}"#,
    ])
    func hostileListings(_ text: String) async throws {
        let fake = try FakeHub(
            ["o/m": FetchTests.encoder],
            faults: [
                { request, _ in request.target.hasPrefix("/api/") ? .init(body: Array(text.utf8)) : nil }
            ])
        await #expect(throws: HubError.self) { try await fake.modelHub().path(of: "o/m") }
        #expect(fake.downloads.isEmpty)
    }

    // MARK: Redirects and tokens

    @Test func theTokenGoesToTheHubOnly() async throws {
        let fake = try self.fake()
        #expect(try await fetch(fake, "x.gguf", ["HF_TOKEN": " secret \n"]) == Self.file.content)
        #expect(fake.hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
        #expect(fake.store.requests.count == 1)
        #expect(fake.store.requests.allSatisfy { $0.headers["authorization"] == nil })
        // The same in a file, as the hub's own tools leave it.
        let other = try self.fake()
        try Data("from-file\n".utf8).write(to: URL(fileURLWithPath: "\(other.home)/token"))
        _ = try await fetch(other, "y.gguf", ["HF_HOME": other.home])
        #expect(other.hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer from-file" })
    }

    @Test func redirectsWithinTheHub() async throws {
        for absolute in [false, true] {
            let fake = try FakeHub(
                ["o/new": ["x.gguf": Self.file]],
                faults: [
                    { request, _ in
                        guard request.target.hasPrefix("/o/g/") else { return nil }
                        let path = "/o/new" + request.target.dropFirst(4)
                        let host = absolute ? "http://\(request.headers["host"] ?? "")" : ""
                        return .init(status: 307, headers: ["Location": host + path])
                    },
                    { request, _ in
                        guard request.target.hasPrefix("/o/g/") else { return nil }
                        return .init(
                            status: 301, headers: ["Location": "/o/new" + request.target.dropFirst(4)])
                    },
                ])
            #expect(try await fetch(fake, "x.gguf", ["HF_TOKEN": "secret"]) == Self.file.content)
            #expect(fake.hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
        }
    }

    @Test(arguments: [
        "/o/g/resolve/main/x.gguf", "", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "::",
    ])
    func redirectsWithoutEndOrAim(_ location: String) async throws {
        let faults: [FakeHub.Fault] = Array(
            repeating: { _, _ in
                // The server closes the connection nevertheless, perhaps when the next request is on its way.
                .init(status: 302, headers: ["Location": location, "Connection": "keep-alive"])
            }, count: 100)
        let fake = try FakeHub(["o/g": ["x.gguf": Self.file]], faults: faults)
        #expect(try await kind(failure(fake)) == "invalidAnswer")
        #expect(fake.hub.requests.count < 20)
    }

    // MARK: Refusals

    @Test func refusalsSayWhatToDo() async throws {
        func text(_ status: Int, _ code: String?, _ environment: [String: String] = [:]) async throws
            -> String
        {
            let fake = try self.fake(
                Self.head {
                    $0 = .init(status: status, headers: code.map { ["X-Error-Code": $0] } ?? [:])
                })
            return "\(try await failure(fake, "x.gguf", environment))"
        }
        #expect(try await text(401, nil).contains("set HF_TOKEN"))
        #expect(try await text(403, "GatedRepo").contains("Accept its conditions"))
        #expect(try await text(403, "GatedRepo", ["HF_TOKEN": "t"]).contains("gives no access"))
        #expect(try await text(401, "RepoNotFound").contains("has no model 'o/g', or"))
        #expect(try await text(404, "RevisionNotFound").contains("no branch, tag or commit 'main'"))
        #expect(try await text(404, "EntryNotFound").contains("o/g:y.gguf  5 bytes"))
        #expect(try await text(418, nil).contains("418"))
        let fake = try FakeHub(["o/m": FetchTests.encoder])
        for name in ["o/absent", "o/m@nope"] {
            await #expect(throws: HubError.self) { try await fake.modelHub().path(of: name) }
        }
    }

    @Test func noHubAtAll() async throws {
        let fake = try self.fake()
        let error = try await failure(fake, "x.gguf", ["HF_ENDPOINT": "http://127.0.0.1:1"])
        #expect(kind(error) == "unreachable")
        #expect("\(error)".contains("--model takes the path"))
        for endpoint in ["huggingface.co", "ftp://x", "http://", "http://user@host", "http://a/?b"] {
            #expect(throws: HubError.self) { try fake.modelHub(["HF_ENDPOINT": endpoint]) }
        }
        #expect(throws: HubError.self) { try fake.modelHub(["HF_TOKEN": "a\nb"]) }
    }

    @Test func aCacheThatCannotBeWritten() async throws {
        let fake = try self.fake()
        try FileManager.default.createDirectory(
            atPath: "\(fake.home)/.cache/huggingface", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: fake.cache))
        let error = try await failure(fake)
        #expect(kind(error) == "cannotWrite")
        #expect("\(error)".contains("HF_HOME"))
    }

    @Test func cancellationReleasesTheLock() async throws {
        let fake = try self.fake(
            Self.content {
                $0.cut = 30_000
                $0.stalls = true
            })
        let hub = try ModelHub(environment: ["HF_ENDPOINT": fake.hub.address], home: fake.home)
        let task = Task { try await hub.path(of: "o/g:x.gguf") }
        while fake.store.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await fetch(fake) == Self.file.content)
    }
}
