import AsyncHTTPClient
import AttentionJSON
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why an exchange failed, in words for people: the libraries below describe their errors for programmers.
enum HTTPFailure: Error {
    /// There is no connection, or it broke off.
    case unreachable(reason: String)
    /// The server's certificate is not valid.
    case untrusted(reason: String)
    /// The answer is no HTTP.
    case invalidAnswer(reason: String)

    static func silent(_ timeout: Duration) -> HTTPFailure {
        .unreachable(reason: "no answer for \(timeout)")
    }

    init(_ error: any Error, proxy: HTTPProxy?) {
        let failure = Self.failure(error)
        guard let proxy, case .unreachable(let reason) = failure else {
            self = failure
            return
        }
        self = .unreachable(reason: "\(reason) (through the proxy \(proxy.host.string):\(proxy.port))")
    }

    /// Whether the other side closed the connection.
    static func isBrokenConnection(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .remoteConnectionClosed
        case let error as IOError: [ECONNRESET, EPIPE].contains(error.errnoCode)
        default: false
        }
    }

    private static func failure(_ error: any Error) -> HTTPFailure {
        switch error {
        case let error as NIOConnectionError: .unreachable(reason: reason(error))
        case let error as IOError: .unreachable(reason: reason(error))
        case let error as HTTPClientError: .unreachable(reason: reason(error))
        case ChannelError.connectTimeout: .unreachable(reason: "the connection was not accepted in time")
        case is ChannelError: .unreachable(reason: brokeOff)
        case HTTPParserError.invalidEOFState, HTTPParserError.closedConnection:
            .unreachable(reason: brokeOff)
        case is HTTPParserError: .invalidAnswer(reason: "it is no HTTP answer")
        case let error as NIOSSLError: failure(error)
        case let error as BoringSSLError: failure(error)
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            .untrusted(reason: "it was made for another host")
        case is NIOSSLExtraError, is NIOSSLCloseTimedOutError: .unreachable(reason: noTLS)
        default: .unreachable(reason: "\(error)")
        }
    }

    private static let brokeOff = "the connection broke off"
    private static let noTLS = "no encrypted connection came about (TLS)"

    private static func reason(_ error: NIOConnectionError) -> String {
        guard !error.connectionErrors.isEmpty else {
            return "no such host is known, or no name server answers"
        }
        // A host can have several addresses, whose errors are mostly the same.
        var reasons: [String] = []
        for case .unreachable(let reason) in error.connectionErrors.map({ failure($0.error) })
        where !reasons.contains(where: { ExactString($0) == ExactString(reason) }) { reasons.append(reason) }
        return reasons.joined(separator: "; ")
    }

    private static func reason(_ error: IOError) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "the connection was refused"
        case ECONNRESET, EPIPE: brokeOff
        case let code: String(cString: strerror(code))
        }
    }

    private static func reason(_ error: HTTPClientError) -> String {
        switch error {
        case .remoteConnectionClosed, .uncleanShutdown: brokeOff
        case .connectTimeout, .getConnectionFromPoolTimeout: "the connection was not accepted in time"
        case .tlsHandshakeTimeout, .readTimeout, .writeTimeout, .deadlineExceeded: "no answer in time"
        case .httpProxyHandshakeTimeout, .socksHandshakeTimeout: "the proxy did not answer in time"
        case .proxyAuthenticationRequired: "the proxy asks for another name and password"
        case .invalidProxyResponse: "the proxy did not let the connection through"
        default: error.shortDescription
        }
    }

    private static func failure(_ error: NIOSSLError) -> HTTPFailure {
        switch error {
        case .handshakeFailed(let error): failure(error)
        case .uncleanShutdown, .shutdownFailed, .readInInvalidTLSState: .unreachable(reason: brokeOff)
        case .unableToValidateCertificate, .noCertificateToValidate: .untrusted(reason: certificateFaults)
        default: .unreachable(reason: noTLS)
        }
    }

    private static let certificateFaults = "it is out of date, or comes from an unknown authority"

    /// The library tells only by its text that the certificate was the reason, and not which fault it has.
    private static func failure(_ error: BoringSSLError) -> HTTPFailure {
        ExactString("\(error)").contains("CERTIFICATE_VERIFY_FAILED")
            ? .untrusted(reason: certificateFaults) : .unreachable(reason: noTLS)
    }
}
