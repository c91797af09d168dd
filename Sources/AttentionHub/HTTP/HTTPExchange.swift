import AsyncHTTPClient
import AttentionFiles
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The first part of an answer: status and headers.
struct HTTPResponse: Sendable {
    let status: Int
    let url: URL
    private let headers: HTTPHeaders

    init(_ response: HTTPClientResponse, url: URL) {
        status = Int(response.status.code)
        headers = response.headers
        self.url = url
    }

    /// The value of a header, or its values with commas between them. Upper and lower case in its name are
    /// alike.
    subscript(_ name: String) -> String? {
        let values = headers[name]
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }
}

/// The receiver of an answer. Its closures are called one after the other, and an error ends the exchange.
struct HTTPReceiver: Sendable {
    var begin: @Sendable (HTTPResponse) throws -> Void = { _ in }
    var receive: @Sendable (UnsafeRawBufferPointer) throws -> Void = { _ in }
}

/// One request and its answer. It follows no redirect: the caller decides, also about the headers for another
/// host.
struct HTTPExchange: Sendable {
    let url: URL
    let method: String
    let headers: HTTPHeaders
    /// The proxy that stands between, if there is one.
    let proxy: HTTPProxy?
    /// The time without data after which the exchange fails.
    let timeout: Duration

    /// Sends the request; returns when the whole answer was received.
    ///
    /// The next piece of the body is asked for when the receiver is done with the last, so a slow disk holds
    /// up the connection, and nothing gathers in memory.
    ///
    /// - Throws: The receiver's errors; ``HTTPFailure``; `CancellationError`.
    func run(_ receiver: HTTPReceiver = .init()) async throws -> HTTPResponse {
        let watch = SilenceWatch(limit: timeout)
        return try await withThrowingTaskGroup(of: HTTPResponse?.self) { group in
            group.addTask { try await receive(receiver, watch) }
            group.addTask {
                try await watch.run()
                return nil
            }
            defer { group.cancelAll() }
            guard let response = try await group.next() ?? nil else { throw HTTPFailure.silent(timeout) }
            return response
        }
    }

    private func receive(_ receiver: HTTPReceiver, _ watch: SilenceWatch) async throws -> HTTPResponse {
        var request = HTTPClientRequest(url: url.absoluteString)
        request.method = HTTPMethod(rawValue: method)
        request.headers = headers
        let answer = try await translatingErrors { [request] in try await execute(request) }
        let response = HTTPResponse(answer, url: url)
        try watch.pausing { try receiver.begin(response) }
        var pieces = answer.body.makeAsyncIterator()
        while let piece = try await translatingErrors({ try await pieces.next() }) {
            try watch.pausing { try piece.withUnsafeReadableBytes(receiver.receive) }
        }
        // The pieces of a cancelled task end as those of a whole answer do.
        try Task.checkCancellation()
        return response
    }

    /// A server may close a kept connection just when the next request is sent, so that is sent once more.
    ///
    /// The client gets no deadline: its limits are those of all exchanges, and the time is watched here.
    private func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        let client = HTTPClients.client(for: proxy)
        do {
            return try await client.execute(request, deadline: .distantFuture)
        } catch let error where HTTPFailure.isBrokenConnection(error) {
            return try await client.execute(request, deadline: .distantFuture)
        }
    }

    private func translatingErrors<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch {
            guard !Task.isCancelled, !(error is CancellationError) else { throw CancellationError() }
            throw HTTPFailure(error, proxy: proxy)
        }
    }
}

/// The process's clients: one, and one for each proxy in use. They keep connections for later requests, and
/// are never shut down.
private enum HTTPClients {
    private static let clients = Mutex<[HTTPProxy?: HTTPClient]>([:])

    static func client(for proxy: HTTPProxy?) -> HTTPClient {
        clients.withLock { clients in
            if let client = clients[proxy] { return client }
            // The same sockets and TLS on all platforms: their errors are those that ``HTTPFailure`` knows.
            let client = HTTPClient(
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration(proxy))
            clients[proxy] = client
            return client
        }
    }

    private static func configuration(_ proxy: HTTPProxy?) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.proxy = proxy?.configuration
        // Far away: an exchange has its own limit.
        configuration.timeout.connect = .hours(1)
        // An error is told at once; the hub's connection decides about another attempt.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Exchanges do not wait for each other, since their time would run out.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1000
        // Shorter than servers wait, so that a request hardly meets a connection that is just being closed.
        configuration.connectionPool.idleTimeout = .seconds(15)
        return configuration
    }
}

/// Notices when nothing arrives for too long. The time that the receiver takes does not count.
private final class SilenceWatch: Sendable {
    private let limit: Duration
    /// When the wait for data began; nil while the receiver works.
    private let begin = Mutex<ContinuousClock.Instant?>(.now)

    init(limit: Duration) { self.limit = limit }

    /// Runs a part of the receiver.
    func pausing(_ part: () throws -> Void) rethrows {
        begin.withLock { $0 = nil }
        defer { begin.withLock { $0 = .now } }
        try part()
    }

    /// Returns when the time is up.
    func run() async throws {
        while true {
            let left = begin.withLock { begin in begin.map { limit - (.now - $0) } ?? limit }
            guard left > .zero else { return }
            try await Task.sleep(for: left)
        }
    }
}
