import AttentionFiles
import AttentionJSON
import Foundation
import Synchronization

/// One file on its way into the cache's `blobs`.
struct BlobDownload: Sendable {
    let connection: HubConnection
    let file: HubRepository.RemoteFile
    /// The path of the finished content, named by its hash.
    let blob: String
    let lock: String
    /// Receives, after each piece, the bytes of this file so far and those of the piece.
    let progress: @Sendable (_ present: Int, _ new: Int) -> Void
    let isWaiting: @Sendable () -> Void

    /// Downloads the content, or waits until another program has.
    func run() async throws {
        guard !FileManager.default.fileExists(atPath: blob) else { return }
        let lock = try await FileLock(path: lock, isWaiting: isWaiting)
        defer { withExtendedLifetime(lock) {} }
        // Another program may have fetched it meanwhile.
        guard !FileManager.default.fileExists(atPath: blob) else { return }
        let partial = try PartialFile(path: blob + ".incomplete", tag: file.tag, size: file.size)
        let began = partial.count
        try await fill(partial)
        do {
            try partial.finish(as: blob)
        } catch HubError.damaged where began > 0 {
            // The bytes of an earlier attempt may have been those of another content.
            try await fill(partial)
            try partial.finish(as: blob)
        }
    }

    /// Downloads the rest in several attempts, each from the end of the one before.
    private func fill(_ partial: PartialFile) async throws {
        try partial.checkRoom()
        let mark = Mutex(partial.count)
        try await connection.retrying(
            unreachable: HubConnection.attempts,
            gotFurther: {
                // Only 16 MiB or more count as progress, so that a server of single bytes comes to an end.
                mark.withLock { mark in
                    guard partial.count - mark >= 1 << 24 else { return false }
                    mark = partial.count
                    return true
                }
            },
            { if !partial.isWhole { try await receive(partial) } })
    }

    private func receive(_ partial: PartialFile) async throws {
        let start = partial.count
        var headers: [HubConnection.Header] = []
        if start > 0 {
            headers.append(("Range", "bytes=\(start)-"))
            // If the hash cannot prove the content, the server has to confirm that it is still the same.
            if !partial.isProven { headers.append(("If-Range", "\"\(file.tag)\"")) }
        }
        let isContent = Mutex(false)
        let response = try await connection.send(
            "GET", file.url, headers: headers,
            HTTPReceiver(
                begin: { response in
                    let takes = try accept(response, partial, from: start)
                    isContent.withLock { $0 = takes }
                },
                receive: { bytes in
                    guard isContent.withLock({ $0 }) else { return }
                    try partial.append(bytes)
                    progress(partial.count, bytes.count)
                }))
        try connection.check(response)
        if let size = file.size, partial.count < size {
            throw HubError.unreachable(
                host: file.url.host ?? "the hub",
                reason: "the answer ended after \(partial.count) of \(size) bytes")
        }
    }

    /// Whether the answer's body is the file's content from `start` on, or all of it.
    private func accept(_ response: HTTPResponse, _ partial: PartialFile, from start: Int) throws -> Bool {
        if let encoding = response["Content-Encoding"], ExactString(encoding).lowercasedASCII != "identity" {
            throw HubError.invalidAnswer(
                url: file.url.absoluteString, reason: "the content is encoded as \(quoted(encoding))")
        }
        switch response.status {
        case 200:
            if start > 0 { try partial.empty() }
            return true
        case 206:
            guard start > 0, response["Content-Range"]?.utf8.starts(with: "bytes \(start)-".utf8) == true
            else {
                try partial.empty()
                throw TemporaryFailure(
                    error: .invalidAnswer(
                        url: file.url.absoluteString,
                        reason: "asked for bytes from \(start) on, got "
                            + quoted(response["Content-Range"] ?? "no Content-Range")), retryAfter: nil)
            }
            return true
        case 416:
            try partial.empty()
            throw TemporaryFailure(
                error: .refused(url: file.url.absoluteString, status: 416, message: ""), retryAfter: nil)
        default: return false
        }
    }
}
