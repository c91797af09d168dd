import AttentionFiles
import AttentionJSON
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The first part of an answer: status and headers.
struct HTTPResponse: Sendable {
    let status: Int
    let url: URL
    private let headers: [ExactString: String]

    init(_ response: HTTPURLResponse, url: URL) {
        status = response.statusCode
        self.url = url
        var headers: [ExactString: String] = [:]
        for (name, value) in response.allHeaderFields {
            guard let name = name as? String, let value = value as? String else { continue }
            headers[ExactString(name).lowercasedASCII] = value
        }
        self.headers = headers
    }

    /// The value of a header. Upper and lower case in its name are alike.
    subscript(_ name: String) -> String? { headers[ExactString(name).lowercasedASCII] }
}

/// The receiver of an answer. Its closures are called one after the other, and an error ends the exchange.
struct HTTPReceiver: Sendable {
    var begin: @Sendable (HTTPResponse) throws -> Void = { _ in }
    var receive: @Sendable (Data) throws -> Void = { _ in }
}

/// HTTP through Foundation's URL loading. It follows no redirect by itself: the caller decides, also about
/// the headers for another host.
///
/// One session serves the process and is never invalidated: on Linux a session for each request can crash
/// when it is torn down (swift-corelibs-foundation #4791, #5469). There, too, a task that ends while its
/// delegate is asked about a redirect ends the process, whether it is cancelled or its time is up. So the
/// client measures time itself, to the millisecond, the session's own limit is far away, and a task is
/// cancelled only once its answer has begun.
final class HTTPClient: NSObject, Sendable {
    static let shared = HTTPClient()

    private let exchanges = Mutex<[Int: Exchange]>([:])

    /// Sends the request; returns when the whole answer was received.
    ///
    /// - Parameter timeout: The time without data after which the request fails.
    /// - Throws: The receiver's errors; `URLError` for a failed connection; `CancellationError`.
    func send(
        _ request: URLRequest, timeout: Duration, _ receiver: HTTPReceiver = .init()
    ) async throws -> HTTPResponse {
        var request = request
        request.timeoutInterval = max(60, 3 * Double(timeout.components.seconds))
        let task = Self.session.dataTask(with: request)
        let exchange = Exchange(task, receiver)
        exchanges.withLock { $0[task.taskIdentifier] = exchange }
        let watch = Task {
            while let left = exchange.timeLeft(of: timeout) { try await Task.sleep(for: left) }
            exchange.abandon(URLError(.timedOut))  // exact-text: of Foundation's own names
        }
        defer { watch.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                exchange.wait(continuation)
                task.resume()
            }
        } onCancel: {
            exchange.abandon(CancellationError())
        }
    }

    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        configuration.urlCredentialStorage = nil
        return URLSession(
            configuration: configuration, delegate: HTTPClient.shared, delegateQueue: BoundedQueue())
    }()
}

/// One request and its answer.
private final class Exchange: Sendable {
    private struct State {
        var response: HTTPResponse?
        var failure: (any Error)?
        var lastActivity = ContinuousClock.now
        var continuation: CheckedContinuation<HTTPResponse, any Error>?
        /// The result, if it came before the wait, as when the task is cancelled at once.
        var result: Result<HTTPResponse, any Error>?
    }

    private let task: URLSessionTask
    private let receiver: HTTPReceiver
    private let state = Mutex(State())

    init(_ task: URLSessionTask, _ receiver: HTTPReceiver) {
        self.task = task
        self.receiver = receiver
    }

    func wait(_ continuation: CheckedContinuation<HTTPResponse, any Error>) {
        let result = state.withLock { state in
            if state.result == nil { state.continuation = continuation }
            return state.result
        }
        if let result { continuation.resume(with: result) }
    }

    func begin(_ response: HTTPResponse) {
        state.withLock { $0.response = response }
        proceed { try receiver.begin(response) }
    }

    func receive(_ data: Data) { proceed { try receiver.receive(data) } }

    /// Runs a part of the receiver. After a failure of this or an earlier part, the exchange is abandoned.
    private func proceed(_ part: () throws -> Void) {
        do {
            if let failure = state.withLock({ $0.failure }) { throw failure }
            try part()
            state.withLock { $0.lastActivity = .now }
        } catch {
            abandon(error)
        }
    }

    /// The time left until the next data must come; nil if it is over.
    func timeLeft(of timeout: Duration) -> Duration? {
        let left = timeout - (ContinuousClock.now - state.withLock { $0.lastActivity })
        return left > .zero ? left : nil
    }

    /// Resumes the waiting caller with `error`, and ends the connection as soon as possible.
    func abandon(_ error: any Error) {
        let hasBegun = state.withLock { state in
            state.failure = state.failure ?? error
            return state.response != nil
        }
        // Not from here: cancelling waits for the connection, and the connection may wait for this queue.
        if hasBegun { DispatchQueue.global().async { [task] in task.cancel() } }
        finish(error)
    }

    func finish(_ error: (any Error)?) {
        let (continuation, result) = state.withLock { state in
            let result = Self.result(state, error)
            state.result = state.result ?? result
            return (state.continuation.take(), result)
        }
        continuation?.resume(with: result)
    }

    private static func result(_ state: State, _ error: (any Error)?) -> Result<HTTPResponse, any Error> {
        if let error = state.failure ?? error { return .failure(error) }
        // exact-text: an error's names are Foundation's own.
        return state.response.map { .success($0) } ?? .failure(URLError(.badServerResponse))
    }
}

/// A serial queue that lets no more than a megabyte of pieces wait.
///
/// On Linux the session hands over pieces of 16 KiB without end, and a slow disk would have them all in
/// memory: 335 MB of a file of 300 MB, against 41 MB in all with this bound. Blocking the addition of the
/// next piece holds up the connection. (Suspending the task instead starts the request anew there.)
private final class BoundedQueue: OperationQueue, @unchecked Sendable {
    // `@unchecked`, as every subclass of OperationQueue must say; the one property is a constant and
    // thread-safe.
    private let room = DispatchSemaphore(value: 64)

    override init() {
        super.init()
        maxConcurrentOperationCount = 1
    }

    override func addOperation(_ block: @escaping @Sendable () -> Void) {
        room.wait()
        super.addOperation { [room] in
            block()
            room.signal()
        }
    }
}

extension HTTPClient: URLSessionDataDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        completionHandler(.allow)
        guard let response = response as? HTTPURLResponse,
            let url = response.url ?? dataTask.originalRequest?.url
        else { return }
        exchange(of: dataTask)?.begin(HTTPResponse(response, url: url))
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        exchange(of: dataTask)?.receive(data)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        exchanges.withLock { $0.removeValue(forKey: task.taskIdentifier) }?.finish(error)
    }

    private func exchange(of task: URLSessionTask) -> Exchange? {
        exchanges.withLock { $0[task.taskIdentifier] }
    }
}
