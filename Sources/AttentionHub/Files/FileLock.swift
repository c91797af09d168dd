import Foundation

/// A lock that one program at a time holds. The system releases it when the program ends in any way. Python's
/// `huggingface_hub` takes the same lock.
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
            // A file system without locks: the content's hash still reveals damage by two writers.
            guard errno == EWOULDBLOCK || errno == EINTR else { return }
            if !hasTold { isWaiting() }
            hasTold = true
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    deinit { close(descriptor) }
}
