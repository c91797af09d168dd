import AttentionFiles
import AttentionJSON
import Foundation
import NIOHTTP1
import Synchronization

/// Requests to the hub, with checked redirects and repeated attempts after temporary failures.
package struct HubConnection: Sendable {
    let settings: HubSettings
    /// The time without data after which a request fails.
    let timeout: Duration
    /// The delay before the second attempt. It doubles with each attempt.
    let retryDelay: Duration

    package static let attempts = 5
    /// The attempts at a server that has not answered yet. They are few, because a user without a network
    /// waits for the error.
    static let firstAttempts = 2
    private static let greatestRedirects = 10

    /// A header of a request.
    typealias Header = (name: String, value: String)

    /// Sends a request and follows redirects. The token goes to the hub's own origin only.
    ///
    /// - Parameter stop: Whether a redirect is returned as the answer.
    func send(
        _ method: String, _ url: URL, headers: [Header] = [], _ receiver: HTTPReceiver = .init(),
        stop: (HTTPResponse) -> Bool = { _ in false }
    ) async throws -> HTTPResponse {
        var url = url
        for _ in 0...Self.greatestRedirects {
            let isRedirect = Mutex(false)
            let response = try await exchange(
                method, url, headers,
                HTTPReceiver(
                    begin: { response in
                        isRedirect.withLock { $0 = response.isRedirect }
                        if !response.isRedirect { try receiver.begin(response) }
                    },
                    receive: { bytes in
                        // The body of a redirect is ignored.
                        if !isRedirect.withLock({ $0 }) { try receiver.receive(bytes) }
                    }))
            guard response.isRedirect, !stop(response) else { return response }
            url = try target(of: response, from: url)
        }
        throw HubError.invalidAnswer(
            url: url.absoluteString,
            reason: "more than \(Self.greatestRedirects) redirects, one after another")
    }

    private func exchange(
        _ method: String, _ url: URL, _ headers: [Header], _ receiver: HTTPReceiver
    ) async throws -> HTTPResponse {
        guard let origin = HTTPOrigin(url) else {
            throw HubError.invalidAnswer(url: url.absoluteString, reason: "it is no address of a server")
        }
        let exchange = HTTPExchange(
            url: url, method: method, headers: allHeaders(headers, for: origin),
            proxy: try settings.proxies.proxy(for: origin), timeout: timeout)
        do {
            return try await exchange.run(receiver)
        } catch let failure as HTTPFailure {
            switch failure {
            case .unreachable(let reason):
                throw HubError.unreachable(host: origin.host.string, reason: reason)
            case .untrusted(let reason): throw HubError.untrusted(host: origin.host.string, reason: reason)
            case .invalidAnswer(let reason):
                throw HubError.invalidAnswer(url: url.absoluteString, reason: reason)
            }
        }
    }

    private func allHeaders(_ headers: [Header], for origin: HTTPOrigin) -> HTTPHeaders {
        // A compressed file would not have the announced length.
        var all: HTTPHeaders = ["Accept-Encoding": "identity", "User-Agent": "swift-attention"]
        for (name, value) in headers { all.replaceOrAdd(name: name, value: value) }
        if let token = settings.token, origin == settings.origin {
            all.replaceOrAdd(name: "Authorization", value: "Bearer \(token)")
        }
        return all
    }

    private func target(of response: HTTPResponse, from url: URL) throws(HubError) -> URL {
        guard let location = response["Location"],
            let target = URL(string: location, relativeTo: url)?.absoluteURL,
            let origin = HTTPOrigin(target)
        else {
            throw .invalidAnswer(
                url: url.absoluteString,
                reason: "a redirect to \(quoted(response["Location"] ?? "nowhere"))")
        }
        guard origin.scheme == "https" || HTTPOrigin(url)?.scheme == "http" else {
            throw .invalidAnswer(
                url: url.absoluteString, reason: "a redirect from https to \(quoted(target.absoluteString))")
        }
        return target
    }

    /// The body of a small answer.
    func data(_ url: URL, limit: Int) async throws -> [UInt8] {
        try await retrying {
            let body = Mutex<[UInt8]>([])
            let response = try await send(
                "GET", url,
                HTTPReceiver(receive: { bytes in
                    try body.withLock { body in
                        body += bytes
                        guard body.count <= limit else {
                            throw HubError.invalidAnswer(
                                url: url.absoluteString, reason: "an answer of more than \(limit) bytes")
                        }
                    }
                }))
            try check(response)
            return body.withLock { $0 }
        }
    }

    /// Repeats `body` after temporary failures, a bounded number of times. An attempt that made progress
    /// counts as the first.
    ///
    /// - Parameter unreachable: The number of attempts at a server that cannot be reached.
    func retrying<Result>(
        unreachable: Int = firstAttempts, gotFurther: () -> Bool = { false },
        _ body: () async throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let failure where isPassing(failure) {
                attempt = gotFurther() ? 1 : attempt + 1
                guard attempt <= (failure is HubError ? unreachable : Self.attempts) else {
                    throw (failure as? TemporaryFailure)?.error ?? failure
                }
                let wait =
                    (failure as? TemporaryFailure)?.retryAfter ?? retryDelay * (1 << (attempt - 2).clamped)
                try await Task.sleep(for: wait)
            }
        }
    }

    private func isPassing(_ error: any Error) -> Bool {
        if case HubError.unreachable = error { return true }
        return error is TemporaryFailure
    }

    /// - Throws: ``RefusedRequest``; ``TemporaryFailure`` for a status that may change.
    func check(_ response: HTTPResponse) throws {
        guard !(200..<300).contains(response.status) else { return }
        let message = response["X-Error-Message"] ?? ""
        let error = HubError.refused(
            url: response.url.absoluteString, status: response.status, message: message)
        guard [408, 429, 500, 502, 503, 504].contains(response.status) else {
            throw RefusedRequest(error, response)
        }
        // A server that asks for more than half a minute is reported by the error.
        let seconds = response["Retry-After"].flatMap(Int.init).map { min(max($0, 0), 30) }
        throw TemporaryFailure(error: error, retryAfter: seconds.map { .seconds($0) })
    }
}

/// A failure that another attempt may avoid.
struct TemporaryFailure: Error {
    let error: HubError
    let retryAfter: Duration?
}

/// A refusal with the hub's reason, which the caller interprets.
struct RefusedRequest: Error {
    let error: HubError
    let status: Int
    let code: String
    let message: String

    init(_ error: HubError, _ response: HTTPResponse) {
        self.error = error
        status = response.status
        code = response["X-Error-Code"] ?? ""
        message = response["X-Error-Message"] ?? ""
    }
}

extension HTTPResponse {
    var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }
}

extension Int {
    fileprivate var clamped: Int { Swift.min(Swift.max(self, 0), 6) }
}
