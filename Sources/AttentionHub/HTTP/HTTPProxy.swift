import AsyncHTTPClient
import AttentionFiles
import AttentionJSON
import Foundation
import NIOHTTP1

/// A proxy between this machine and the hub.
struct HTTPProxy: Hashable, Sendable {
    let host: ExactString
    let port: Int
    let isSOCKS: Bool
    /// Name and password, with a colon between them.
    let credentials: ExactString?

    /// Reads `[scheme://][name:password@]host[:port]`. As for curl, the scheme is http and the port 1080
    /// where they are not given.
    ///
    /// - Returns: nil for anything else, and for the schemes that cannot be used.
    init?(_ text: String) {
        let text = ExactString(text).contains("://") ? text : "http://\(text)"
        guard let url = URLComponents(string: text), let scheme = url.scheme,
            let host = url.host.map({ ExactString($0) }), !host.isEmpty,
            (1...65535).contains(url.port ?? 1080), ["", "/"].contains(ExactString(url.path))
        else { return nil }
        switch ExactString(scheme).lowercasedASCII {
        case "http": isSOCKS = false
        case "socks5", "socks5h":
            // The client knows no names and passwords here.
            guard url.user == nil else { return nil }
            isSOCKS = true
        default: return nil
        }
        let bare = host.dropping(prefix: "[").flatMap { ExactString($0).dropping(suffix: "]") }
        self.host = bare.map { ExactString($0) } ?? host
        port = url.port ?? 1080
        credentials = url.user.map { ExactString("\($0):\(url.password ?? "")") }
    }

    var configuration: HTTPClient.Configuration.Proxy {
        guard !isSOCKS else { return .socksServer(host: host.string, port: port) }
        let authorization = credentials.map {
            HTTPClient.Authorization.basic(credentials: Data($0.utf8).base64EncodedString())
        }
        return .server(host: host.string, port: port, authorization: authorization)
    }
}

/// The proxies that the environment names, read as curl and most programs read them.
struct ProxySettings: Sendable {
    private typealias Setting = (name: ExactString, value: String)

    private var proxies: [ExactString: Setting] = [:]
    /// The hosts that are reached without a proxy.
    private let exceptions: [ExactString]

    /// Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, whose names in lower case come first.
    init(environment: [ExactString: String]) {
        func setting(_ lower: ExactString, _ upper: ExactString) -> Setting? {
            for name in [lower, upper] {
                if let value = environment[name], !value.isEmpty { return (name, value) }
            }
            return nil
        }
        // In a CGI program, HTTP_PROXY is a header of the request, which anyone may send.
        let isCGI = environment["REQUEST_METHOD"] != nil
        let all = setting("all_proxy", "ALL_PROXY")
        proxies["https"] = setting("https_proxy", "HTTPS_PROXY") ?? all
        proxies["http"] = setting("http_proxy", isCGI ? "http_proxy" : "HTTP_PROXY") ?? all
        let list = setting("no_proxy", "NO_PROXY")?.value ?? ""
        let entries = list.utf8.split { $0 == UInt8(ascii: ",") || $0 <= UInt8(ascii: " ") }
        exceptions = entries.map { entry in
            let name = ExactString(String(decoding: entry, as: UTF8.self)).lowercasedASCII
            return name.dropping(prefix: ".").map { ExactString($0) } ?? name
        }
    }

    /// The proxy for a URL; nil for a direct connection.
    ///
    /// - Throws: ``HubError/invalidSetting(name:value:expected:)``.
    func proxy(for origin: HTTPOrigin) throws(HubError) -> HTTPProxy? {
        guard let setting = proxies[origin.scheme], !isException(origin) else { return nil }
        guard let proxy = HTTPProxy(setting.value) else {
            // The value may hold a password.
            throw .invalidSetting(
                name: setting.name.string,
                value: ExactString(setting.value).contains("@") ? "…" : setting.value,
                expected: "a URL such as http://name:password@host:3128 or socks5://host:1080")
        }
        return proxy
    }

    /// Whether the list names the host, a domain above it, or all hosts.
    private func isException(_ origin: HTTPOrigin) -> Bool {
        let hostAndPort = ExactString("\(origin.host.string):\(origin.port)")
        return exceptions.contains { entry in
            ["*", origin.host, hostAndPort].contains(entry)
                || origin.host.hasSuffix(ExactString(".\(entry.string)"))
        }
    }
}
