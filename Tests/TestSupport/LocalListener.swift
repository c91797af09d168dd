import Foundation
import Synchronization

/// A port of its own on this machine. Each connection is served on a thread of its own.
public final class LocalListener: Sendable {
    public let port: UInt16
    private let listener: Int32
    private let state = State()

    private final class State: Sendable {
        let isStopped = Mutex(false)
    }

    /// - Parameter serve: Speaks with one client. The connection is closed when it returns.
    public init(_ serve: @escaping @Sendable (LocalConnection) -> Void) throws {
        listener = LocalConnection.makeSocket()
        var name = LocalConnection.address(port: 0)
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
        let state = state
        Thread.detachNewThread {
            // The thread alone closes the socket: its number may be given to another listener at once.
            defer { LocalConnection(listener).close() }
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { break }
                guard !state.isStopped.withLock({ $0 }) else {
                    LocalConnection(client).close()
                    break
                }
                Thread.detachNewThread {
                    let connection = LocalConnection(client)
                    serve(connection)
                    connection.close()
                }
            }
        }
    }

    deinit {
        state.isStopped.withLock { $0 = true }
        // Where shutting down does not end `accept`, a connection does.
        if shutdown(listener, Int32(SHUT_RDWR)) != 0 { LocalConnection(port: port)?.close() }
    }
}

/// A connection between two programs on this machine.
public struct LocalConnection: Sendable {
    private let socket: Int32

    fileprivate init(_ socket: Int32) { self.socket = socket }

    /// Connects to a port; nil if nobody listens there.
    public init?(port: UInt16) {
        socket = Self.makeSocket()
        var name = Self.address(port: port)
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = socket
        let isConnected = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, length) == 0 }
        }
        guard isConnected else {
            close()
            return nil
        }
    }

    /// The next bytes; none at the end.
    public func read() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(socket, &buffer, buffer.count, 0)
        return Array(buffer.prefix(max(count, 0)))
    }

    /// The text up to the empty line that ends a request's head; nil if the other side ends before.
    public func readHead() -> String? {
        var text = ""
        while !text.contains("\r\n\r\n") {
            let bytes = read()
            guard !bytes.isEmpty else { return nil }
            text += String(decoding: bytes, as: UTF8.self)
        }
        return text
    }

    public func write(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, noSignal) }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Ends both directions, which also ends a `read` that waits.
    public func end() { _ = shutdown(socket, Int32(SHUT_RDWR)) }

    public func close() {
        #if canImport(Darwin)
            Darwin.close(socket)
        #else
            Foundation.close(socket)
        #endif
    }

    fileprivate static func makeSocket() -> Int32 {
        #if canImport(Darwin)
            Foundation.socket(AF_INET, SOCK_STREAM, 0)
        #else
            Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
    }

    fileprivate static func address(port: UInt16) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        name.sin_port = port.bigEndian
        return name
    }
}

#if canImport(Darwin)
    private let noSignal: Int32 = 0
#else
    private let noSignal = Int32(MSG_NOSIGNAL)
#endif
