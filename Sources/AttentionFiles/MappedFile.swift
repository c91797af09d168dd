#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A regular file's bytes, mapped into memory: nothing is read before it is used, and processes that map
/// the same file share its pages, until a decoder's weights move to large pages of the process's own (see
/// `FilePages`).
///
/// The size is taken once, when the file is opened, and every access stays within it. If another process then
/// makes the file shorter, touching a page beyond its new end raises SIGBUS. No reader can prevent that.
/// Replace model files by renaming a new one over the old, as ``SafetensorsWriter`` does; then the mapping
/// keeps the old bytes.
///
/// `@unchecked Sendable`: both properties are constants, and the bytes they lead to are never written
/// through the mapping, which is read only and lives until `deinit`.
package final class MappedFile: @unchecked Sendable {
    package let path: String
    package let bytes: UnsafeRawBufferPointer

    /// - Throws: ``ModelFileError`` if `path` is not a readable regular file with at least one byte, or the
    ///   system cannot map it.
    package init(path: String) throws(ModelFileError) {
        // Without O_NONBLOCK, opening a FIFO without a writer would wait for ever.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastSystemError("open", path) }
        defer { close(descriptor) }
        let size = try Self.regularFileSize(of: descriptor, path: path)
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED
        else {
            throw .lastSystemError("map", path)
        }
        self.path = path
        bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count) }

    /// The whole of a file that may have at most `limit` bytes.
    package static func contents(of path: String, limit: Int) throws(ModelFileError) -> [UInt8] {
        let file = try MappedFile(path: path)
        guard file.bytes.count <= limit else {
            throw .tooLarge(file: path, limit: limit, found: file.bytes.count)
        }
        defer { withExtendedLifetime(file) {} }
        return Array(file.bytes)
    }

    private static func regularFileSize(of descriptor: Int32, path: String) throws(ModelFileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .lastSystemError("examine", path) }
        guard let kind = FileKind(mode: status.st_mode), kind == .file else {
            throw .notAFile(
                path: path, found: FileKind(mode: status.st_mode)?.rawValue ?? "something unknown")
        }
        guard let size = Int(exactly: status.st_size), size > 0 else { throw .empty(file: path) }
        return size
    }
}

/// A kind of file.
enum FileKind: String {
    case file = "a regular file"
    case folder = "a folder"
    case pipe = "a named pipe"
    case socket = "a socket"
    case device = "a device"

    init?(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .folder
        case S_IFIFO: self = .pipe
        case S_IFSOCK: self = .socket
        case S_IFCHR, S_IFBLK: self = .device
        default: return nil
        }
    }

    /// The kind of the file at `path`, links followed; nil if there is none.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(mode: status.st_mode)
    }
}

extension ModelFileError {
    /// The error that the last system call left behind.
    ///
    /// - Parameter code: Its number, where other calls have come since.
    static func lastSystemError(
        _ operation: String, _ file: String, code: Int32 = errno
    ) -> ModelFileError {
        .system(operation: operation, file: file, reason: String(cString: strerror(code)))
    }
}
