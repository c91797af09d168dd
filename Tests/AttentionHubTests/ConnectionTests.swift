import AttentionHub
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport
import Testing

/// What goes wrong below HTTP, in words for people; and how fast an exchange ends and gathers its data.
@Suite struct ConnectionTests {
    private func hub(_ endpoint: String, _ home: String, timeout: Duration = .seconds(10)) throws -> ModelHub
    {
        try ModelHub(
            environment: ["HF_ENDPOINT": endpoint], home: home, timeout: timeout,
            retryDelay: .milliseconds(1))
    }

    /// Why nothing can be fetched from there.
    private func failure(_ endpoint: String, timeout: Duration = .seconds(10)) async throws -> HubError {
        let folder = try TemporaryFolder()
        let hub = try hub(endpoint, folder.path, timeout: timeout)
        let error = await #expect(throws: HubError.self) { try await hub.path(of: "o/g:x.gguf") }
        guard case .notFetched(_, let reason) = error else { return try #require(error) }
        return reason
    }

    /// Why nothing can be fetched from a server that answers each request so.
    private func failure(answer: String, timeout: Duration = .seconds(10)) async throws -> HubError {
        let server = try LocalListener { client in
            guard client.readHead() != nil else { return }
            client.write(answer.utf8)
        }
        return try await failure("http://127.0.0.1:\(server.port)", timeout: timeout)
    }

    @Test func hostsThatAreNotThere() async throws {
        let refused = try await failure("http://127.0.0.1:1")
        #expect(refused == .unreachable(host: "127.0.0.1", reason: "the connection was refused"))
        let unknown = try await failure("http://nowhere.invalid")
        // A name server that keeps silent is as good as none.
        #expect(
            [
                .unreachable(
                    host: "nowhere.invalid", reason: "no such host is known, or no name server answers"),
                .unreachable(host: "nowhere.invalid", reason: "no answer for 10.0 seconds"),
            ].contains(unknown))
    }

    @Test func serversThatDoNotSpeak() async throws {
        #expect(
            try await failure(answer: "")
                == .unreachable(host: "127.0.0.1", reason: "the connection broke off"))
        let silent = try LocalListener { client in while !client.read().isEmpty {} }
        #expect(
            try await failure("http://127.0.0.1:\(silent.port)", timeout: .milliseconds(100))
                == .unreachable(host: "127.0.0.1", reason: "no answer for 0.1 seconds"))
    }

    @Test(arguments: [
        "hello\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/9.1 200 OK\r\n\r\n",
    ])
    func answersThatAreNoHTTP(_ answer: String) async throws {
        guard case .invalidAnswer(_, let reason) = try await failure(answer: answer) else {
            Issue.record("another error")
            return
        }
        #expect(reason == "it is no HTTP answer")
    }

    @Test func headsThatBreakOff() async throws {
        for answer in ["HTTP/1.1 200", "HTTP/1.1 200 OK\r\nETag: \"a"] {
            #expect(
                try await failure(answer: answer)
                    == .unreachable(host: "127.0.0.1", reason: "the connection broke off"))
        }
    }

    // MARK: Certificates

    @Test func certificatesOfAnUnknownAuthority() async throws {
        let server = try await SecureServer()
        for host in ["localhost", "127.0.0.1"] {
            let error = try await failure("https://\(host):\(server.port)")
            #expect(
                error
                    == .untrusted(
                        host: host, reason: "it is out of date, or comes from an unknown authority"))
        }
        try await server.close()
    }

    @Test func serversWithoutEncryption() async throws {
        let server = try LocalListener { client in
            _ = client.read()
            client.write("HTTP/1.1 400 What\r\nContent-Length: 0\r\n\r\n".utf8)
        }
        #expect(
            try await failure("https://127.0.0.1:\(server.port)")
                == .unreachable(host: "127.0.0.1", reason: "no encrypted connection came about (TLS)"))
    }

    // MARK: Time and memory

    @Test func cancellationEndsTheConnection() async throws {
        let folder = try TemporaryFolder()
        let begins = DispatchSemaphore(value: 0)
        let ends = Mutex<ContinuousClock.Instant?>(nil)
        let server = try LocalListener { client in
            guard client.readHead() != nil else { return }
            begins.signal()
            while !client.read().isEmpty {}
            ends.withLock { $0 = .now }
        }
        let hub = try hub("http://127.0.0.1:\(server.port)", folder.path)
        let task = Task { try await hub.path(of: "o/g:x.gguf") }
        while begins.wait(timeout: .now()) != .success { try await Task.sleep(for: .milliseconds(2)) }
        let start = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(.now - start < .seconds(5))
        while ends.withLock({ $0 }) == nil, .now - start < .seconds(8) {
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(try #require(ends.withLock { $0 }) - start < .seconds(5))
    }

    /// A receiver that is slower than the server holds it up, and its time does not count as silence.
    @Test func slowReceiversHoldUpTheServer() async throws {
        let size = 64 << 20
        let sent = Mutex(0)
        let server = try LocalListener { client in
            guard let head = client.readHead() else { return }
            client.write(
                ("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\nConnection: close\r\nETag: \"v1\"\r\n"
                    + "X-Repo-Commit: \(FakeHub.commit)\r\n\r\n").utf8)
            guard head.hasPrefix("GET") else { return }
            let piece = [UInt8](repeating: 1, count: 1 << 18)
            for _ in 0..<size / piece.count {
                client.write(piece)
                sent.withLock { $0 += piece.count }
            }
        }
        let folder = try TemporaryFolder()
        let hub = try hub("http://127.0.0.1:\(server.port)", folder.path, timeout: .milliseconds(200))
        let sentMeanwhile = Mutex(0)
        let path = try await hub.path(of: "o/g:x.gguf") { _ in
            guard sentMeanwhile.withLock({ $0 }) == 0 else { return }
            Thread.sleep(forTimeInterval: 0.5)
            sentMeanwhile.withLock { $0 = sent.withLock { $0 } }
        }
        // The rest of it is in the system's buffers of the two sockets.
        #expect((1...32 << 20).contains(sentMeanwhile.withLock { $0 }))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped).count == size)
    }
}

/// A server whose certificate it has signed itself.
private struct SecureServer {
    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    init() async throws {
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [
                .certificate(try NIOSSLCertificate(bytes: Array(Self.certificate.utf8), format: .pem))
            ],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(Self.key.utf8), format: .pem)))
        let context = try NIOSSLContext(configuration: configuration)
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async throws { try await channel.close() }

    private static let key = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIIMU21nQJ6SxyJDlB2xGU6TT2MOztOz555TWlu6dWWbRoAoGCCqGSM49
        AwEHoUQDQgAE1AxVFf/72P6gu1lSf/T59l24DBsqe+5zIn+XjBpKrlwxutCwU0EM
        8yfgcbWK+xB09Pqfbk9Gk5c1aul9lhlWaw==
        -----END EC PRIVATE KEY-----
        """

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmjCCAUGgAwIBAgIUfKy45oPkdqAKYHe4eGkRtGEoN8kwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTIwMTA0MTYyNFoYDzIxMjYxMTA3
        MDQxNjI0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAATUDFUV//vY/qC7WVJ/9Pn2XbgMGyp77nMif5eMGkquXDG60LBTQQzz
        J+BxtYr7EHT0+p9uT0aTlzVq6X2WGVZro28wbTAdBgNVHQ4EFgQUmdDRVh9BSfR4
        QmVpJBajC/pebe0wHwYDVR0jBBgwFoAUmdDRVh9BSfR4QmVpJBajC/pebe0wDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDRwAwRAIgSPxYjRR+vgZTEzmE0v9e1FA8zext8E8br1NXq5JjcKECIC9z
        RDJmYqtgBfha5Pk25CkAlSugQG/GAJC9/g84Gr2N
        -----END CERTIFICATE-----
        """
}
