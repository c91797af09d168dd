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

    public let port: UInt16
    private let listener: Int32
    private let answer: @Sendable (Request) -> Reply
    private let log = Mutex<[Request]>([])

    public var address: String { "http://127.0.0.1:\(port)" }
    /// The requests so far.
    public var requests: [Request] { log.withLock { $0 } }

    public init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
        self.answer = answer
        #if canImport(Darwin)
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #else
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        port = UInt16(bigEndian: name.sin_port)
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, let self else { break }
                Thread.detachNewThread { self.serve(connection) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let request = read(connection) else { return }
        log.withLock { $0.append(request) }
        let reply = answer(request)
        Thread.sleep(forTimeInterval: Double(reply.delay.components.attoseconds) * 1e-18)
        var headers = ["Content-Length": "\(reply.body.count)", "Connection": "close"]
        headers.merge(reply.headers) { $1 }
        let head =
            "HTTP/1.1 \(reply.status) Status\r\n"
            + headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
        let body = request.method == "HEAD" ? [] : reply.body.prefix(reply.cut ?? .max)
        write(Array(head.utf8) + body, to: connection)
        // Until the other side gives up.
        var byte: UInt8 = 0
        if reply.stalls { _ = recv(connection, &byte, 1, 0) }
    }

    private func write(_ bytes: [UInt8], to connection: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, noSignal)
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    private func read(_ connection: Int32) -> Request? {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !text.contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        let lines = text.components(separatedBy: "\r\n")
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

#if canImport(Darwin)
    private let noSignal: Int32 = 0
#else
    private let noSignal = Int32(MSG_NOSIGNAL)
#endif
