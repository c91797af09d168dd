import AttentionHub
import Foundation
import Synchronization
import TestSupport

/// A local hub: models with their files, large files redirected to another host, and faults on demand.
final class FakeHub: Sendable {
    struct File: Sendable {
        let content: [UInt8]
        let isLarge: Bool
        let tag: String

        init(content: [UInt8], isLarge: Bool) {
            self.content = content
            self.isLarge = isLarge
            var hash: any BlockHash = isLarge ? SHA256() : SHA1()
            if !isLarge { Array("blob \(content.count)\0".utf8).withUnsafeBytes { hash.update($0) } }
            content.withUnsafeBytes { hash.update($0) }
            tag = hash.digest()
        }
    }

    typealias Fault =
        @Sendable (_ request: LocalServer.Request, _ sound: LocalServer.Reply) -> LocalServer.Reply?

    static let commit = "0123456789abcdef0123456789abcdef01234567"

    let hub: LocalServer
    /// Where large files are: another port, and so another host as far as tokens go.
    let store: LocalServer
    private let folder: TemporaryFolder
    var home: String { folder.path }

    /// - Parameter faults: asked in turn, one a request until one gives a reply; that one is then used up.
    init(_ models: [String: [String: File]], faults: [Fault] = []) throws {
        folder = try TemporaryFolder()
        let shared = Shared(pending: faults)
        let store = try LocalServer { request in
            shared.reply(to: request, Self.contentReply(request, models))
        }
        self.store = store
        let storeAddress = store.address
        hub = try LocalServer { request in
            shared.reply(to: request, Self.reply(request, models, store: storeAddress))
        }
    }

    private final class Shared: Sendable {
        let pending: Mutex<[Fault]>

        init(pending: [Fault]) { self.pending = Mutex(pending) }

        func reply(to request: LocalServer.Request, _ sound: LocalServer.Reply) -> LocalServer.Reply {
            pending.withLock { faults in
                for index in faults.indices {
                    guard let reply = faults[index](request, sound) else { continue }
                    faults.remove(at: index)
                    return reply
                }
                return sound
            }
        }
    }

    func modelHub(
        _ environment: [String: String] = [:], timeout: Duration = .seconds(300)
    ) throws -> ModelHub {
        try ModelHub(
            environment: ["HF_ENDPOINT": hub.address].merging(environment) { $1 }, home: home,
            timeout: timeout, retryDelay: .milliseconds(1))
    }

    var cache: String { "\(home)/.cache/huggingface/hub" }

    /// All requests for a content, whichever server was asked.
    var downloads: [LocalServer.Request] {
        (hub.requests + store.requests).filter { $0.method == "GET" && !$0.target.hasPrefix("/api/") }
    }

    private static func reply(
        _ request: LocalServer.Request, _ models: [String: [String: File]], store: String
    ) -> LocalServer.Reply {
        for (model, files) in models {
            if request.target.hasPrefix("/api/models/\(model)/revision/") {
                guard !request.target.hasPrefix("/api/models/\(model)/revision/nope") else {
                    return .init(status: 404, headers: ["X-Error-Code": "RevisionNotFound"])
                }
                let list = files.sorted { $0.key < $1.key }.map { name, file in
                    ["rfilename": name, "size": file.content.count] as [String: Any]
                }
                let object: [String: Any] = ["sha": commit, "siblings": list]
                return .init(body: Array((try? JSONSerialization.data(withJSONObject: object)) ?? Data()))
            }
            for revision in ["main", commit] {
                let prefix = "/\(model)/resolve/\(revision)/"
                guard request.target.hasPrefix(prefix) else { continue }
                let name = request.target.dropFirst(prefix.count).removingPercentEncoding ?? ""
                guard let file = files[name] else {
                    return .init(status: 404, headers: ["X-Error-Code": "EntryNotFound"])
                }
                var reply = content(file, request)
                reply.headers["X-Repo-Commit"] = commit
                if file.isLarge {
                    reply = .init(status: 302, headers: reply.headers, body: Array("elsewhere".utf8))
                    reply.headers["Location"] = "\(store)/\(model)/resolve/\(revision)/\(name)"
                    reply.headers["ETag"] = nil
                    reply.headers["X-Linked-Etag"] = "\"\(file.tag)\""
                    reply.headers["X-Linked-Size"] = "\(file.content.count)"
                }
                return reply
            }
        }
        return .init(status: 401, headers: ["X-Error-Code": "RepoNotFound"])
    }

    private static func contentReply(
        _ request: LocalServer.Request, _ models: [String: [String: File]]
    ) -> LocalServer.Reply {
        for (model, files) in models {
            for (name, file) in files
            where request.target.hasPrefix("/\(model)/") && request.target.hasSuffix("/\(name)") {
                return content(file, request)
            }
        }
        return .init(status: 404)
    }

    /// A content or the part of it that was asked for.
    private static func content(_ file: File, _ request: LocalServer.Request) -> LocalServer.Reply {
        var reply = LocalServer.Reply(headers: ["ETag": "\"\(file.tag)\""], body: file.content)
        if let range = request.headers["range"], let start = Int(range.dropFirst(6).dropLast()) {
            guard start < file.content.count else { return .init(status: 416) }
            reply.status = 206
            reply.headers["Content-Range"] = "bytes \(start)-\(file.content.count - 1)/\(file.content.count)"
            reply.body = Array(file.content[start...])
        }
        return reply
    }
}
