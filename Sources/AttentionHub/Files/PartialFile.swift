import AttentionFiles
import Foundation
import Synchronization

/// A file that is arriving: it can be gone on with where an earlier attempt, or an earlier program, broke off.
final class PartialFile: Sendable {
    /// What a content must be to have the name that the hub gave it.
    private enum Proof {
        case sha256(SHA256)
        /// `blob <size>`, a zero byte, and the content.
        case git(SHA1)
        case none

        init(tag: String, size: Int?) {
            let isHexadecimal = tag.allSatisfy(\.isHexDigit)
            if isHexadecimal, tag.utf8.count == 64 {
                self = .sha256(SHA256())
            } else if isHexadecimal, tag.utf8.count == 40, let size {
                var hash = SHA1()
                Array("blob \(size)\0".utf8).withUnsafeBytes { hash.update($0) }
                self = .git(hash)
            } else {
                self = .none
            }
        }

        mutating func update(_ bytes: UnsafeRawBufferPointer) {
            switch self {
            case .sha256(var hash):
                self = .none
                hash.update(bytes)
                self = .sha256(hash)
            case .git(var hash):
                self = .none
                hash.update(bytes)
                self = .git(hash)
            case .none: break
            }
        }

        var digest: String? {
            switch self {
            case .sha256(let hash): hash.digest()
            case .git(let hash): hash.digest()
            case .none: nil
            }
        }
    }

    private struct State {
        var count = 0
        var proof: Proof
    }

    let path: String
    let tag: String
    let size: Int?
    private let descriptor: Int32
    private let state: Mutex<State>

    /// Opens the file, and reads what is there of it already.
    init(path: String, tag: String, size: Int?) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Self.systemError(path) }
        self.path = path
        self.tag = tag
        self.size = size
        state = Mutex(State(proof: Proof(tag: tag, size: size)))
        try readAgain()
    }

    deinit { close(descriptor) }

    /// How many bytes are there.
    var count: Int { state.withLock { $0.count } }
    var isWhole: Bool { count == size }
    /// Whether a wrong content would be noticed.
    var isProven: Bool { state.withLock { $0.proof.digest != nil } }

    private func readAgain() throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.systemError(path) }
            guard count > 0 else { break }
            state.withLock { state in
                buffer.withUnsafeBytes { state.proof.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                state.count += count
            }
        }
        if let size, count > size { try empty() }
    }

    /// Begins anew.
    func empty() throws {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw Self.systemError(path)
        }
        state.withLock { $0 = State(proof: Proof(tag: tag, size: size)) }
    }

    func append(_ data: Data) throws {
        try state.withLock { state in
            if let size, state.count + data.count > size {
                throw HubError.damaged(
                    file: path, expected: "\(size) bytes", found: "at least \(state.count + data.count)")
            }
            try data.withUnsafeBytes { bytes in
                try write(bytes)
                state.proof.update(bytes)
            }
            state.count += data.count
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let written = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Self.systemError(path) }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Sees that the content is right, and gives it its name.
    ///
    /// - Throws: ``HubError/damaged(file:expected:found:)``; then the file is empty again.
    func finish(as destination: String) throws {
        let (count, digest) = state.withLock { ($0.count, $0.proof.digest) }
        if let size, count != size {
            throw HubError.damaged(file: path, expected: "\(size) bytes", found: "\(count)")
        }
        if let digest, digest != tag.lowercased() {
            try empty()
            throw HubError.damaged(file: path, expected: "the hash \(tag)", found: digest)
        }
        guard fsync(descriptor) == 0, rename(path, destination) == 0 else {
            throw Self.systemError(destination)
        }
    }

    /// - Throws: ``HubError/noSpace(folder:needed:available:)`` if the rest cannot fit.
    func checkRoom() throws {
        guard let size else { return }
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return }
        let (available, isHuge) = Int(clamping: status.f_bavail)
            .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
        guard !isHuge, available < size - count else { return }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        throw HubError.noSpace(folder: folder, needed: size - count, available: available)
    }

    static func systemError(_ path: String) -> HubError {
        .cannotWrite(path: path, reason: String(cString: strerror(errno)))
    }
}
