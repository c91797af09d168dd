import AttentionFiles
import AttentionJSON
import Foundation

/// A model's repository as the hub shows it.
struct HubRepository: Sendable {
    let name: String
    let connection: HubConnection

    /// The files of the repository at one commit.
    struct Listing: Sendable {
        let commit: String
        let files: [HubFile]
    }

    /// One file, as the answer to a HEAD request describes it.
    struct RemoteFile: Sendable {
        let name: String
        let url: URL
        let commit: String
        /// The content's hash: SHA-256 for large files, git's SHA-1 for small ones.
        let tag: String
        let size: Int?
    }

    /// Whether the hub can have a repository of this name.
    static func isName(_ name: String) -> Bool {
        let parts = ExactString(name).split(separator: "/", omittingEmptySubsequences: false)
        return parts.count <= 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.count <= 96 && !part.hasPrefix(".") && !part.contains("--")
                    && part.utf8.allSatisfy {
                        isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
                    }
            }
    }

    /// The files of a revision, those with unusable names left out.
    func list(_ revision: String) async throws -> Listing {
        let url = try address("api/models/\(name)/revision/\(Self.encoded(ExactString(revision)))?blobs=true")
        let root: JSONValue
        do {
            let bytes = try await connection.data(url, limit: 1 << 25)
            root = try JSONDocument(bytes, name: url.absoluteString).root
        } catch let refused as RefusedRequest {
            throw meaning(of: refused, revision: revision)
        } catch let error as JSONError {
            throw HubError.invalidAnswer(url: url.absoluteString, reason: "not JSON: \(error.reason)")
        }
        guard let commit = root["sha"]?.stringValue, Self.isCommit(commit),
            let siblings = root["siblings"]?.elements
        else {
            throw HubError.invalidAnswer(url: url.absoluteString, reason: "no commit and list of files")
        }
        let files = siblings.compactMap { file -> HubFile? in
            guard let name = file["rfilename"]?.stringValue, isPlainRelativePath(name) else { return nil }
            return HubFile(name: name, size: (file["size"]?.integerValue).flatMap { $0 >= 0 ? $0 : nil })
        }
        return Listing(commit: commit, files: files)
    }

    /// The hub's description of one file, without its content.
    func describe(_ file: String, _ revision: String) async throws -> RemoteFile {
        let path = ExactString(file).split(separator: "/").map(Self.encoded).joined(separator: "/")
        let url = try address("\(name)/resolve/\(Self.encoded(ExactString(revision)))/\(path)")
        return try await connection.retrying {
            var headers: [ExactString: String] = [:]
            // Large files are redirected to a content server, which sends fewer headers than the hub.
            let response = try await connection.send("HEAD", url) { response in
                for name in ["X-Repo-Commit", "X-Linked-Etag", "X-Linked-Size"] as [ExactString]
                where headers[name] == nil { headers[name] = response[name.string] }
                return response["X-Linked-Etag"] != nil
            }
            if !response.isRedirect { try check(response, file: file, revision: revision) }
            let known = { (name: ExactString) in headers[name] ?? response[name.string] }
            let size = known("X-Linked-Size") ?? (response.isRedirect ? nil : response["Content-Length"])
            guard let tag = Self.tag(known("X-Linked-Etag") ?? response["ETag"]) else {
                throw HubError.invalidAnswer(
                    url: url.absoluteString,
                    reason:
                        "the header ETag is \(quoted(known("X-Linked-Etag") ?? response["ETag"] ?? "absent"))"
                )
            }
            guard let commit = known("X-Repo-Commit") ?? (Self.isCommit(revision) ? revision : nil),
                Self.isCommit(commit)
            else {
                throw HubError.invalidAnswer(
                    url: url.absoluteString,
                    reason: "the header X-Repo-Commit is \(quoted(known("X-Repo-Commit") ?? "absent"))")
            }
            return RemoteFile(
                name: file, url: url, commit: commit, tag: tag,
                size: size.flatMap(Int.init).flatMap { $0 >= 0 ? $0 : nil })
        }
    }

    private func check(_ response: HTTPResponse, file: String, revision: String) throws {
        do {
            try connection.check(response)
        } catch let refused as RefusedRequest {
            throw meaning(of: refused, revision: revision, file: file)
        }
    }

    /// The error that a refusal means, by the hub's own code for it, or by its status.
    func meaning(of refused: RefusedRequest, revision: String, file: String? = nil) -> HubError {
        let settings = connection.settings
        let noModel = HubError.noModel(
            name: name, endpoint: settings.endpoint, isKnown: settings.token != nil && refused.status == 404)
        switch (ExactString(refused.code), refused.status) {
        case ("RepoNotFound", _): return noModel
        case ("RevisionNotFound", _): return .noRevision(name: name, revision: revision)
        case ("EntryNotFound", _): return .noFile(name: name, file: file ?? "", files: [])
        case (_, 401), (_, 403):
            return .noAccess(
                name: name, endpoint: settings.endpoint, hasToken: settings.token != nil,
                message: refused.message)
        case (_, 404):
            return file.map { .noFile(name: name, file: $0, files: []) } ?? noModel
        default: return refused.error
        }
    }

    private func address(_ path: String) throws(HubError) -> URL {
        let text = "\(connection.settings.endpoint)/\(path)"
        guard let url = URL(string: text) else { throw .invalidAnswer(url: text, reason: "it is no URL") }
        return url
    }

    /// A part of a URL, with `%XX` for every byte that is not a letter, digit, `-`, `.`, `_` or `~`.
    private static func encoded(_ text: ExactString) -> String {
        text.utf8.map { byte in
            if isWord(byte) || "-.~".utf8.contains(byte) { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte < 0x80 && (UnicodeScalar(byte).properties.isAlphabetic || (0x30...0x39).contains(byte))
            || byte == UInt8(ascii: "_")
    }

    static func isCommit(_ text: String) -> Bool {
        (7...64).contains(text.utf8.count) && text.utf8.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    }

    /// An entity tag as the name of a file: `W/"abc"` is `abc`.
    private static func tag(_ header: String?) -> String? {
        guard let header else { return nil }
        let isQuote = { (scalar: Unicode.Scalar) in scalar == "\"" }
        let quoted = (ExactString(header).dropping(prefix: "W/") ?? header).unicodeScalars.drop(
            while: isQuote)
        let tag = ExactString(Substring(quoted.dropLast(quoted.reversed().prefix(while: isQuote).count)))
        let isName =
            !tag.isEmpty && tag.utf8.count <= 128 && !tag.hasPrefix(".")
            && tag.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
        return isName ? tag.string : nil
    }
}
