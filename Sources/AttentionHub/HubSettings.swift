import AttentionFiles
import AttentionJSON
import Foundation

/// The hub's settings from the environment.
struct HubSettings: Sendable {
    /// The hub's URL, without a slash at its end.
    let endpoint: String
    let origin: HTTPOrigin
    let token: String?
    let isOffline: Bool
    let proxies: ProxySettings

    /// Reads `HF_ENDPOINT`, `HF_HUB_OFFLINE`, the names of proxies, and the token: `HF_TOKEN`, else
    /// `HUGGING_FACE_HUB_TOKEN`, else the file `HF_TOKEN_PATH`, else the file `token` in `HF_HOME`.
    ///
    /// - Throws: ``HubError/invalidSetting(name:value:expected:)``.
    init(environment: [String: String], home: String?) throws(HubError) {
        let environment = [ExactString: String](environment)
        func value(_ name: ExactString) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var endpoint = value("HF_ENDPOINT") ?? "https://huggingface.co"
        while let shorter = ExactString(endpoint).dropping(suffix: "/") { endpoint = shorter }
        guard let url = URL(string: endpoint), let origin = HTTPOrigin(url), url.query == nil else {
            throw .invalidSetting(
                name: "HF_ENDPOINT", value: endpoint, expected: "a URL such as https://huggingface.co")
        }
        self.endpoint = endpoint
        self.origin = origin
        let yes: [ExactString] = ["1", "on", "yes", "true"]
        isOffline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].contains {
            yes.contains(ExactString(environment[$0] ?? "").lowercasedASCII)
        }
        proxies = ProxySettings(environment: environment)
        token = try Self.token(value, home: home ?? value("HOME"))
    }

    private static func token(_ value: (ExactString) -> String?, home: String?) throws(HubError) -> String? {
        let names: [ExactString] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]
        if let name = names.first(where: { value($0) != nil }) {
            return try token(value(name) ?? "", from: name.string)
        }
        let cache = value("XDG_CACHE_HOME") ?? home.map { "\($0)/.cache" }
        let hub = value("HF_HOME") ?? cache.map { "\($0)/huggingface" }
        guard let path = value("HF_TOKEN_PATH") ?? hub.map({ "\($0)/token" }),
            let bytes = try? MappedFile.contents(of: path, limit: 10_000)
        else { return nil }
        return try token(String(decoding: bytes, as: UTF8.self), from: path)
    }

    /// A checked token: in a header, a line's end would begin another header.
    private static func token(_ text: String, from place: String) throws(HubError) -> String? {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .invalidSetting(name: place, value: "…", expected: "a token of plain ASCII characters")
        }
        return text.isEmpty ? nil : text
    }
}

/// The scheme, host and port of a URL: a token is sent to one origin only.
struct HTTPOrigin: Hashable, Sendable {
    let scheme: ExactString
    let host: ExactString
    let port: Int

    init?(_ url: URL) {
        guard let scheme = url.scheme.map({ ExactString($0).lowercasedASCII }),
            let host = url.host.map({ ExactString($0).lowercasedASCII }), !host.isEmpty,
            scheme == "http" || scheme == "https", url.user == nil
        else { return nil }
        self.scheme = scheme
        self.host = host
        port = url.port ?? (scheme == "https" ? 443 : 80)
    }
}
