import AttentionFiles
import AttentionJSON
import Foundation
import Synchronization

/// A file that is being downloaded. A download continues where an earlier attempt, or an earlier program,
/// broke off.
final class PartialFile: Sendable {
    private struct State {
        var count = 0
        /// The hash of the bytes so far; nil if the tag is no hash.
        var hash: (any BlockHash)?

        init(tag: String, size: Int?) { hash = PartialFile.hash(for: tag, size: size) }

        var digest: String? { hash?.digest() }
    }

    let path: String
    let tag: String
    let size: Int?
    private let descriptor: Int32
    private let state: Mutex<State>

    /// Opens the file, and reads the bytes that it holds already.
    init(path: String, tag: String, size: Int?) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Self.systemError(path) }
        self.path = path
        self.tag = tag
        self.size = size
        state = Mutex(State(tag: tag, size: size))
        try readAgain()
    }

    deinit { close(descriptor) }

    /// The number of bytes so far.
    var count: Int { state.withLock { $0.count } }
    var isWhole: Bool { count == size }
    /// Whether the tag proves the content.
    var isProven: Bool { Self.hash(for: tag, size: size) != nil }

    /// The hash function whose digest of the content is `tag`: SHA-256, or git's SHA-1 of `blob <size>`, a
    /// zero byte and the content. Nil for any other tag.
    private static func hash(for tag: String, size: Int?) -> (any BlockHash)? {
        guard tag.allSatisfy(\.isHexDigit) else { return nil }
        if tag.utf8.count == 64 { return SHA256() }
        guard tag.utf8.count == 40, let size else { return nil }
        var hash = SHA1()
        Array("blob \(size)\0".utf8).withUnsafeBytes { hash.update($0) }
        return hash
    }

    private func readAgain() throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.systemError(path) }
            guard count > 0 else { break }
            state.withLock { state in
                buffer.withUnsafeBytes {
                    state.hash?.update(UnsafeRawBufferPointer(rebasing: $0[..<count]))
                }
                state.count += count
            }
        }
        if let size, count > size { try empty() }
    }

    /// Removes the content, for a new beginning.
    func empty() throws {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw Self.systemError(path)
        }
        state.withLock { $0 = State(tag: tag, size: size) }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            if let size, state.count + bytes.count > size {
                throw HubError.damaged(
                    file: path, expected: "\(size) bytes", found: "at least \(state.count + bytes.count)")
            }
            try write(bytes, needed: (size ?? state.count + bytes.count) - state.count)
            state.hash?.update(bytes)
            state.count += bytes.count
        }
    }

    /// - Parameter needed: The bytes that still have to be written.
    private func write(_ bytes: UnsafeRawBufferPointer, needed: Int) throws {
        var rest = bytes
        while !rest.isEmpty {
            let written = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                throw [ENOSPC, EDQUOT].contains(errno) ? noSpace(for: needed) : Self.systemError(path)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Checks the content, and renames the file to `destination`.
    ///
    /// - Throws: ``HubError/damaged(file:expected:found:)``; then the file is empty again.
    func finish(as destination: String) throws {
        let (count, digest) = state.withLock { ($0.count, $0.digest) }
        if let size, count != size {
            throw HubError.damaged(file: path, expected: "\(size) bytes", found: "\(count)")
        }
        if let digest, ExactString(digest) != ExactString(tag).lowercasedASCII {
            try empty()
            throw HubError.damaged(file: path, expected: "the hash \(tag)", found: digest)
        }
        guard fsync(descriptor) == 0, rename(path, destination) == 0 else {
            throw Self.systemError(destination)
        }
    }

    /// - Throws: ``HubError/noSpace(folder:needed:available:)`` if the rest cannot fit.
    func checkRoom() throws {
        guard let size, let room, room < size - count else { return }
        throw noSpace(for: size - count)
    }

    /// The free bytes of the file system; nil if it does not tell.
    private var room: Int? {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return nil }
        let (room, isHuge) = Int(clamping: status.f_bavail)
            .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
        return isHuge ? nil : room
    }

    private func noSpace(for needed: Int) -> HubError {
        .noSpace(folder: (path as NSString).deletingLastPathComponent, needed: needed, available: room ?? 0)
    }

    static func systemError(_ path: String) -> HubError {
        .cannotWrite(path: path, reason: String(cString: strerror(errno)))
    }
}
