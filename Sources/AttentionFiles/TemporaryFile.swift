import AttentionJSON
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file on its way to becoming another one: without a name where the system has such files, else under a
/// hidden name that ``removeAll()`` knows.
package struct TemporaryFile: ~Copyable {
    package let descriptor: Int32
    /// The path; nil while the file has no name.
    private let path: String?

    /// Makes a file in the folder of `destination`, with that file's permissions if there is one.
    ///
    /// - Parameter isNamed: True for a file with a name even where there are files without.
    /// - Throws: ``ModelFileError``.
    package init(for destination: String, isNamed: Bool = false) throws(ModelFileError) {
        let (folder, _) = folderAndName(ofFile: destination)
        if !isNamed, let descriptor = Self.openWithoutName(in: folder) {
            (self.descriptor, path) = (descriptor, nil)
        } else {
            let name = Self.hiddenName(beside: destination)
            (descriptor, path) = (try Self.open(name, for: destination), name)
        }
        var status = stat()
        if stat(destination, &status) == 0 { fchmod(descriptor, status.st_mode & 0o7777) }
    }

    /// Closes the file, and removes it if it has not become another one.
    deinit {
        close(descriptor)
        if let path, Self.forget(path) { unlink(path) }
    }

    /// Gives the file its name, in place of whatever has it now.
    ///
    /// - Throws: ``ModelFileError``.
    package func become(_ destination: String) throws(ModelFileError) {
        let source: String
        if let path {
            source = path
        } else {
            let result = Self.link(descriptor, to: destination)
            let code = errno
            if result == 0 { return }
            guard code == EEXIST else { throw .lastSystemError("create", destination, code: code) }
            // A link replaces nothing; renaming does. Everything is written, so that the name lasts for a
            // moment.
            source = try hiddenLink(beside: destination)
        }
        guard rename(source, destination) == 0 else {
            let error = ModelFileError.lastSystemError("replace", destination)
            if Self.forget(source) { unlink(source) }
            throw error
        }
        Self.forget(source)
    }

    private func hiddenLink(beside destination: String) throws(ModelFileError) -> String {
        let name = Self.hiddenName(beside: destination)
        let (result, code) = Self.remember(name) { Self.link(descriptor, to: name) }
        guard result == 0 else { throw .lastSystemError("create", destination, code: code) }
        return name
    }

    private static func open(_ path: String, for destination: String) throws(ModelFileError) -> Int32 {
        let (descriptor, code) = remember(path) {
            systemOpen(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        }
        guard descriptor >= 0 else {
            let (folder, _) = folderAndName(ofFile: destination)
            guard code == ENOENT, FileKind(path: folder) == nil else {
                throw .lastSystemError("create", destination, code: code)
            }
            throw .system(operation: "create", file: destination, reason: "there is no folder \(folder)")
        }
        return descriptor
    }

    private static func hiddenName(beside destination: String) -> String {
        let (folder, name) = folderAndName(ofFile: destination)
        return "\(folder)/.\(beginning(of: name)).\(getpid())-\(UInt64.random(in: 0 ... .max)).tmp"
    }

    /// At most 100 bytes of whole scalars: a name has room for 255 in all.
    private static func beginning(of name: String) -> String {
        var beginning = String.UnicodeScalarView()
        var count = 0
        for scalar in name.unicodeScalars {
            count += UTF8.width(scalar)
            guard count <= 100 else { break }
            beginning.append(scalar)
        }
        return String(beginning)
    }

    // MARK: - Files without a name

    #if os(Linux)
        /// `O_TMPFILE`, a macro that Swift does not import from every C library.
        private static let withoutName = 0o20000000 | O_DIRECTORY

        private static func openWithoutName(in folder: String) -> Int32? {
            let descriptor = systemOpen(folder, withoutName | O_WRONLY | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { return nil }
            // Without /proc it could never get a name.
            guard access(systemPath(of: descriptor), F_OK) == 0 else {
                close(descriptor)
                return nil
            }
            return descriptor
        }

        private static func link(_ descriptor: Int32, to path: String) -> Int32 {
            linkat(AT_FDCWD, systemPath(of: descriptor), AT_FDCWD, path, AT_SYMLINK_FOLLOW)
        }

        private static func systemPath(of descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }
    #else
        private static func openWithoutName(in folder: String) -> Int32? { nil }
        private static func link(_ descriptor: Int32, to path: String) -> Int32 { -1 }
    #endif

    // MARK: - Files with a hidden name

    private static let names = Mutex<Set<ExactString>>([])

    /// Makes a file of this name by `body`, which says by a negative number that it could not.
    ///
    /// - Returns: That number, and the system's for the error.
    private static func remember(_ name: String, _ body: () -> Int32) -> (result: Int32, code: Int32) {
        names.withLock { names in
            let result = body()
            let code = errno
            if result >= 0 { names.insert(ExactString(name)) }
            return (result, code)
        }
    }

    /// - Returns: Whether the name was known.
    @discardableResult private static func forget(_ name: String) -> Bool {
        names.withLock { $0.remove(ExactString(name)) != nil }
    }

    /// Removes all files that have a hidden name now. They cannot be completed after it: it is for a program
    /// that a signal ends.
    package static func removeAll() {
        names.withLock { names in
            for name in names { unlink(name.string) }
            names = []
        }
    }
}

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
