#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes a file so that its path leads to the old content or to the whole new one, never to a part.
///
/// The bytes go to a file in the same folder that has no name (Linux, where the file system can) or a hidden
/// one, and take the path's name once all of them are on the disk. A file without a name disappears with the
/// program, however that ends. A program that a signal ends calls ``TemporaryFile/removeAll()`` for the
/// others.
package enum AtomicFile {
    /// Writes what `body` appends to `path`. If anything fails, the old content stays.
    ///
    /// A link is followed, and the file keeps its permissions. A pipe or a device has no content that could
    /// be lost: the bytes go straight to it.
    ///
    /// - Throws: ``ModelFileError``; whatever `body` throws.
    package static func replace(
        _ path: String, with body: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        switch FileKind(path: path) {
        case .folder: throw ModelFileError.system(operation: "create", file: path, reason: "it is a folder")
        case .pipe, .device, .socket: try fill(path, with: body)
        case .file, nil: try replaceFile(path, with: body)
        }
    }

    private static func fill(
        _ path: String, with body: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ModelFileError.lastSystemError("write to", path) }
        defer { close(descriptor) }
        try body { try append($0, to: descriptor, path: path) }
    }

    private static func replaceFile(
        _ path: String, with body: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let destination = try destination(of: path)
        let file = try TemporaryFile(for: destination)
        try body { try append($0, to: file.descriptor, path: path) }
        guard fsync(file.descriptor) == 0 else { throw ModelFileError.lastSystemError("flush", path) }
        try file.become(destination)
        flush(folder: folderAndName(ofFile: destination).folder)
    }

    /// The path of the file itself where `path` is a link to it.
    ///
    /// - Throws: ``ModelFileError`` for a file that may not be written to; renaming would replace it all the
    ///   same.
    private static func destination(of path: String) throws(ModelFileError) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        guard access(real, W_OK) == 0 else { throw .lastSystemError("replace", path) }
        return String(cString: real)
    }

    /// Sees that `path` does not lead to a file of the model at `model`, which is read while it is written.
    ///
    /// - Throws: ``ModelFileError/cannotWrite(file:reason:)``.
    package static func check(_ path: String, isNotOf model: String) throws(ModelFileError) {
        let files = FileKind(path: model) == .folder ? fileNames(in: model).map { "\(model)/\($0)" } : nil
        guard (files ?? GGUFPartName(model)?.all ?? [model]).contains(where: { isSame($0, path) }) else {
            return
        }
        throw .cannotWrite(
            file: path, reason: "it is a file of the model that is read. Choose another name.")
    }

    /// Whether both paths lead to one file, links followed.
    private static func isSame(_ first: String, _ second: String) -> Bool {
        var (one, other) = (stat(), stat())
        guard stat(first, &one) == 0, stat(second, &other) == 0 else { return false }
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino
    }

    private static func append(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
        var rest = bytes
        while !rest.isEmpty {
            // macOS refuses to write 2 GiB or more at once.
            let written = write(descriptor, rest.baseAddress, min(rest.count, 1 << 26))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw ModelFileError.lastSystemError("write", path) }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Makes the renaming last through a power failure. The content is safe already, so that a file system
    /// that cannot flush a folder is no error.
    private static func flush(folder: String) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
