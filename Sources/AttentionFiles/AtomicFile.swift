#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes a file so that its path leads to the old content or to the whole new one, never to a part.
package enum AtomicFile {
    /// What `body` appends becomes the content of `path`. The bytes go to a temporary file in the same
    /// folder, are flushed to the disk, and are then renamed; if anything fails, that file is removed.
    package static func replace(
        _ path: String, with body: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        // Renaming would find it out only once everything is written.
        guard FileKind(path: path) != .folder else {
            throw ModelFileError.system(operation: "create", file: path, reason: "it is a folder")
        }
        let (folder, name) = folderAndName(ofFile: path)
        let temporary = "\(folder)/.\(name).\(getpid())-\(UInt64.random(in: 0 ... .max)).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw ModelFileError.lastSystemError("create", path) }
        do {
            defer { close(descriptor) }
            try body { try append($0, to: descriptor, path: path) }
            guard fsync(descriptor) == 0 else { throw ModelFileError.lastSystemError("flush", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = ModelFileError.lastSystemError("replace", path)
            unlink(temporary)
            throw error
        }
        flush(folder: folder)
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
