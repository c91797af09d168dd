import AttentionHub
import Foundation
import Synchronization
import TestSupport
import Testing

/// The proxies that the environment names.
@Suite struct ProxyTests {
    private static let files = ["x.gguf": FetchTests.weights]

    /// Fetches a file with the variables set.
    private func fetch(_ fake: FakeHub, _ environment: [String: String]) async throws {
        let path = try await fake.modelHub(environment).path(of: "o/g:x.gguf")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(FetchTests.weights.content))
    }

    @Test(arguments: ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
    func proxiesAreUsed(_ name: String) async throws {
        let fake = try FakeHub(["o/g": Self.files])
        let proxy = try TunnelProxy()
        // The scheme may be left out.
        let value = "\(name == "HTTP_PROXY" ? "" : "http://")127.0.0.1:\(proxy.port)"
        try await fetch(fake, [name: value])
        let lines = Set(proxy.requests.map { String($0.prefix { $0 != "\r\n" }) })
        #expect(
            lines == [
                "CONNECT 127.0.0.1:\(fake.hub.port) HTTP/1.1",
                "CONNECT 127.0.0.1:\(fake.store.port) HTTP/1.1",
            ])
    }

    @Test func proxiesWithAPassword() async throws {
        let authorization = "Basic " + Data("me:a b".utf8).base64EncodedString()
        let fake = try FakeHub(["o/g": Self.files])
        let proxy = try TunnelProxy(authorization: authorization)
        try await fetch(fake, ["http_proxy": "http://me:a%20b@127.0.0.1:\(proxy.port)/"])
        #expect(!proxy.requests.isEmpty)
        let other = try FakeHub(["o/g": Self.files])
        let error = await #expect(throws: HubError.self) {
            try await fetch(other, ["http_proxy": "http://me:wrong@127.0.0.1:\(proxy.port)"])
        }
        let text = "\(try #require(error))"
        #expect(text.contains("the proxy asks for another name and password"))
        #expect(text.contains("through the proxy 127.0.0.1:\(proxy.port)"))
        #expect(!text.contains("wrong"))
        #expect(other.hub.requests.isEmpty)
    }

    @Test func theNameInLowerCaseComesFirst() async throws {
        let fake = try FakeHub(["o/g": Self.files])
        let proxy = try TunnelProxy()
        let address = "http://127.0.0.1:\(proxy.port)"
        try await fetch(
            fake,
            ["http_proxy": address, "HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"])
        #expect(!proxy.requests.isEmpty)
    }

    @Test(arguments: ["*", "127.0.0.1", "x.org, 127.0.0.1", ".0.0.1", "0.0.1 x"])
    func hostsWithoutAProxy(_ list: String) async throws {
        let fake = try FakeHub(["o/g": Self.files])
        try await fetch(fake, ["ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": list])
    }

    @Test(arguments: ["27.0.0.1", "x.org", ",", "127.0.0.1:1"])
    func hostsWithAProxyAllTheSame(_ list: String) async throws {
        let fake = try FakeHub(["o/g": Self.files])
        let error = await #expect(throws: HubError.self) {
            try await fetch(fake, ["ALL_PROXY": "http://127.0.0.1:1", "no_proxy": list])
        }
        #expect(
            "\(try #require(error))".contains("the connection was refused (through the proxy 127.0.0.1:1)"))
        #expect(fake.hub.requests.isEmpty)
    }

    /// Another scheme's proxy is not asked, and in a CGI program HTTP_PROXY is a request's own header.
    @Test func variablesThatAreNotMeant() async throws {
        for environment in [
            ["HTTPS_PROXY": "http://127.0.0.1:1"],
            ["HTTP_PROXY": "http://127.0.0.1:1", "REQUEST_METHOD": "GET"],
            ["HTTP_PROXY": "", "http_proxy": ""],
        ] {
            try await fetch(try FakeHub(["o/g": Self.files]), environment)
        }
    }

    @Test(arguments: [
        "ftp://127.0.0.1:1", "https://127.0.0.1:1", "http://", "http://127.0.0.1:0", "http://127.0.0.1:70000",
        "socks5://me:secret@127.0.0.1:1", "http://me:secret@127.0.0.1:x", "http://127.0.0.1:1/path",
    ])
    func settingsThatAreWrong(_ value: String) async throws {
        let fake = try FakeHub(["o/g": Self.files])
        let error = await #expect(throws: HubError.self) { try await fetch(fake, ["ALL_PROXY": value]) }
        let text = "\(try #require(error))"
        #expect(text.contains("ALL_PROXY is"))
        #expect(!text.contains("secret"))
        #expect(fake.hub.requests.isEmpty)
    }
}

/// A proxy that connects its clients with ports of this machine.
private final class TunnelProxy: Sendable {
    private let listener: LocalListener
    private let log: Log

    private final class Log: Sendable {
        let requests = Mutex<[String]>([])
    }

    var port: UInt16 { listener.port }
    /// The heads of the requests so far.
    var requests: [String] { log.requests.withLock { $0 } }

    /// - Parameter authorization: The header without which it refuses.
    init(authorization: String? = nil) throws {
        let log = Log()
        self.log = log
        listener = try LocalListener { client in
            guard let head = client.readHead() else { return }
            log.requests.withLock { $0.append(head) }
            if let authorization, !head.contains("authorization: \(authorization)\r\n") {
                client.write("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n".utf8)
                return
            }
            let target = head.split(separator: " ")[1].split(separator: ":").last.flatMap { UInt16($0) }
            guard let server = target.flatMap(LocalConnection.init(port:)) else {
                client.write("HTTP/1.1 502 Nobody there\r\nContent-Length: 0\r\n\r\n".utf8)
                return
            }
            client.write("HTTP/1.1 200 Connected\r\n\r\n".utf8)
            Self.join(client, server)
        }
    }

    /// Hands on what each side says until one of them ends.
    private static func join(_ client: LocalConnection, _ server: LocalConnection) {
        let isOver = DispatchSemaphore(value: 0)
        @Sendable func hand(_ from: LocalConnection, _ to: LocalConnection) {
            while case let bytes = from.read(), !bytes.isEmpty { to.write(bytes) }
            client.end()
            server.end()
        }
        Thread.detachNewThread {
            hand(client, server)
            isOver.signal()
        }
        hand(server, client)
        isOver.wait()
        server.close()
    }
}
