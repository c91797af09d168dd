import Foundation
import Synchronization

/// A small HTTP server on a port of its own, one request a connection, that answers as a test says: also as
/// no server should.
public final class LocalServer: Sendable {
    public struct Request: Sendable {
        public let method: String
        /// Path and query, as they came.
        public let target: String
        public let headers: [String: String]
    }

    public struct Reply: Sendable {
        public var status = 200
        public var headers: [String: String] = [:]
        public var body: [UInt8] = []
        /// How many bytes of the body are sent before the connection breaks off; nil for all.
        public var cut: Int?
        /// The delay before the answer.
        public var delay: Duration = .zero
        /// Whether to say nothing more, instead of breaking off.
        public var stalls = false

        public init(status: Int = 200, headers: [String: String] = [:], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    private let listener: LocalListener
    private let log: Log

    public var port: UInt16 { listener.port }
    public var address: String { "http://127.0.0.1:\(port)" }
    /// The requests so far.
    public var requests: [Request] { log.requests.withLock { $0 } }

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    public init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
        let log = Log()
        self.log = log
        listener = try LocalListener { connection in
            guard let request = connection.readHead().flatMap(Self.parse) else { return }
            log.requests.withLock { $0.append(request) }
            Self.send(answer(request), for: request, to: connection)
        }
    }

    private static func send(_ reply: Reply, for request: Request, to connection: LocalConnection) {
        Thread.sleep(forTimeInterval: Double(reply.delay.components.attoseconds) * 1e-18)
        var headers = ["Content-Length": "\(reply.body.count)", "Connection": "close"]
        headers.merge(reply.headers) { $1 }
        let head =
            "HTTP/1.1 \(reply.status) Status\r\n"
            + headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
        let body = request.method == "HEAD" ? [] : reply.body.prefix(reply.cut ?? .max)
        connection.write(Array(head.utf8) + body)
        // Until the other side gives up.
        if reply.stalls { _ = connection.read() }
    }

    private static func parse(_ head: String) -> Request? {
        let lines = head.components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 {
                headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        guard words.count == 3 else { return nil }
        return Request(method: String(words[0]), target: String(words[1]), headers: headers)
    }
}
