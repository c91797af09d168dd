import Foundation

/// A lock that one program at a time holds, and that the system lets go of when the program ends, however it
/// ends. It is the one that Python's `huggingface_hub` takes.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Waits until the lock is free.
    ///
    /// - Throws: ``HubError/cannotWrite(path:reason:)``; `CancellationError`.
    init(path: String, isWaiting: () -> Void) async throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw PartialFile.systemError(path) }
        var hasTold = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            // A file system without locks: the content's hash still finds what two writers would do.
            guard errno == EWOULDBLOCK || errno == EINTR else { return }
            if !hasTold { isWaiting() }
            hasTold = true
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    deinit { close(descriptor) }
}
