import AttentionFiles
import AttentionJSON

/// A reason why a model could not be fetched.
public indirect enum HubError: Error, Hashable, Sendable {
    /// A variable of the environment is wrong.
    case invalidSetting(name: String, value: String, expected: String)
    /// The model is not on this machine, and `HF_HUB_OFFLINE` forbids fetching.
    case offline(model: String)
    /// There is no connection, or it broke off too often.
    case unreachable(host: String, reason: String)
    /// The server's certificate is invalid: it belongs to another host, is out of date, or comes from an
    /// unknown authority.
    case untrusted(host: String, reason: String)
    /// The hub answered with an error.
    case refused(url: String, status: Int, message: String)
    /// The answer is malformed or unsafe.
    case invalidAnswer(url: String, reason: String)
    /// The hub has no such model, or the model is private.
    case noModel(name: String, endpoint: String, isKnown: Bool)
    /// The model is gated or private, and the token does not give access.
    case noAccess(name: String, endpoint: String, hasToken: Bool, message: String)
    /// The model's repository has no such branch, tag or commit.
    case noRevision(name: String, revision: String)
    /// The model's repository has no such file; `files` are those that a model could be.
    case noFile(name: String, file: String, files: [HubFile])
    /// The repository holds several models, each a file: one has to be chosen.
    case severalFiles(name: String, files: [HubFile])
    /// The repository holds no weights of a kind that can be read.
    case noWeights(name: String, files: [HubFile])
    /// The content that arrived does not match the hub's description.
    case damaged(file: String, expected: String, found: String)
    /// A file system has less room than the file needs, in bytes.
    case noSpace(folder: String, needed: Int, available: Int)
    /// The cache cannot be written to.
    case cannotWrite(path: String, reason: String)
    /// The model is not on this machine, and could not be fetched either.
    case notFetched(ModelLocatorError, reason: HubError)
}

/// A file in a model's repository.
public struct HubFile: Hashable, Sendable {
    /// The file's name, with its folders in the repository.
    public let name: String
    /// Its length in bytes, where the hub says so.
    public let size: Int?

    /// A file as the hub lists it.
    public init(name: String, size: Int?) {
        self.name = name
        self.size = size
    }
}

extension HubError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidSetting(let name, let value, let expected):
            "\(name) is \(quoted(value)); expected \(expected)"
        case .offline(let model):
            "\(quoted(model)) cannot be fetched, because HF_HUB_OFFLINE is set. \(Self.adviceOffline)"
        case .unreachable(let host, let reason):
            "\(excerpt(host)) cannot be reached: \(excerpt(reason, limit: 300)). \(Self.adviceOffline)"
        case .untrusted(let host, let reason):
            "the certificate of \(excerpt(host)) is not valid: \(excerpt(reason, limit: 300)). "
                + "If it is a server of your own, add the certificate of its authority to the system's."
        case .refused(let url, let status, let message):
            "\(excerpt(url, limit: 300)) answered \(status)"
                + (message.isEmpty ? "" : ": \(excerpt(message))")
        case .invalidAnswer(let url, let reason):
            "\(excerpt(url, limit: 300)): \(reason)"
        case .noModel(let name, let endpoint, let isKnown):
            "\(excerpt(endpoint)) has no model \(quoted(name))"
                + (isKnown ? "" : ", or the model is private; then set HF_TOKEN")
        case .noAccess(let name, let endpoint, let hasToken, let message):
            Self.describeAccess(name, endpoint, hasToken, message)
        case .noRevision(let name, let revision):
            "\(quoted(name)) has no branch, tag or commit \(quoted(revision))"
        case .noFile(let name, let file, let files):
            "\(quoted(name)) has no file \(quoted(file))" + Self.list(files, of: name, "It has:")
        case .severalFiles(let name, let files):
            "\(quoted(name)) holds several models. Choose one of its files:" + Self.list(files, of: name, "")
        case .noWeights(let name, let files):
            "\(quoted(name)) holds no weights in safetensors or GGUF"
                + Self.list(files, of: "", "What it holds:")
        case .damaged(let file, let expected, let found):
            "\(excerpt(file, limit: 500)) arrived damaged: expected \(expected), found \(found). Try again."
        case .noSpace(let folder, let needed, let available):
            "\(excerpt(folder, limit: 500)) has room for \(ByteCount(available)); "
                + "\(ByteCount(needed)) are needed. "
                + "Make room, or let HF_HOME name a folder elsewhere."
        case .cannotWrite(let path, let reason):
            "cannot write \(excerpt(path, limit: 500)): \(reason). HF_HOME can name a folder elsewhere."
        case .notFetched(let local, let reason):
            "\(reason)\nOn this machine: \(local)"
        }
    }

    private static let adviceOffline =
        "Fetch the model where there is a network, with attend fetch, and copy its folder here: "
        + "--model takes the path of a folder or of a GGUF file."

    private static func describeAccess(
        _ name: String, _ endpoint: String, _ hasToken: Bool, _ message: String
    ) -> String {
        let page = "\(excerpt(endpoint))/\(excerpt(name))"
        let said = message.isEmpty ? "" : " (\(excerpt(message, limit: 200)))"
        return hasToken
            ? "the token in HF_TOKEN gives no access to \(quoted(name))\(said). "
                + "Accept the model's conditions at \(page), and check that the token may read it."
            : "\(quoted(name)) is gated or private\(said). Accept its conditions at \(page), "
                + "and set HF_TOKEN to a token from \(excerpt(endpoint))/settings/tokens."
    }

    private static func list(_ files: [HubFile], of name: String, _ heading: String) -> String {
        guard !files.isEmpty else { return heading.isEmpty ? "" : "." }
        let lines = files.prefix(40).map { file in
            "\n  " + excerpt(name.isEmpty ? file.name : "\(name):\(file.name)", limit: 300)
                + (file.size.map { "  \(ByteCount($0))" } ?? "")
        }
        let more = files.count > 40 ? "\n  and \(files.count - 40) more" : ""
        return (heading.isEmpty ? "" : ". \(heading)") + lines.joined() + more
    }
}
