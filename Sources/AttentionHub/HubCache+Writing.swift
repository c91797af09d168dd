import AttentionFiles
import AttentionJSON
import Foundation

/// Writing to the cache, in the layout of Python's `huggingface_hub`, so that each finds the other's files.
extension HubCache {
    /// The path of a content, named by its hash.
    func blob(_ tag: String, of name: String) -> String { "\(folder(of: name))/blobs/\(tag)" }

    func lock(_ tag: String, of name: String) -> String { "\(locks(of: name))/\(tag).lock" }

    /// - Throws: ``HubError/cannotWrite(path:reason:)``.
    func makeFolder(_ path: String) throws(HubError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: path, reason: Self.reason(error))
        }
    }

    /// Makes the snapshot's file `file` a relative link to the content `tag`, so that the cache can be moved.
    func link(_ file: String, commit: String, to tag: String, of name: String) throws(HubError) {
        let path = "\(snapshot(commit, of: name))/\(file)"
        try makeFolder(folderAndName(ofFile: path).folder)
        let up = String(repeating: "../", count: 2 + file.utf8.count { $0 == UInt8(ascii: "/") })
        let target = "\(up)blobs/\(tag)"
        if let found = try? FileManager.default.destinationOfSymbolicLink(atPath: path),
            ExactString(found) == ExactString(target)
        {
            return
        }
        // The link is made beside its place and moved there, so that a link always exists.
        let temporary = "\(path).\(UInt64.random(in: 0 ... .max)).tmp"
        guard symlink(target, temporary) == 0 else { throw PartialFile.systemError(temporary) }
        guard rename(temporary, path) == 0 else {
            let error = PartialFile.systemError(path)
            unlink(temporary)
            throw error
        }
    }

    /// Notes that the branch or tag `revision` stands for `commit`.
    func note(_ revision: String, is commit: String, of name: String) throws(HubError) {
        guard ExactString(revision) != ExactString(commit) else { return }
        let path = "\(folder(of: name))/refs/\(revision)"
        try makeFolder(folderAndName(ofFile: path).folder)
        do {
            try AtomicFile.replace(path) { append in
                try Array(commit.utf8).withUnsafeBytes { try append($0) }
            }
        } catch {
            throw .cannotWrite(path: path, reason: "\(error)")
        }
    }

    /// Notes that the repository holds no folder's weights at this commit.
    func noteAsFiles(_ commit: String, of name: String) throws(HubError) {
        let folder = absences(commit, of: name)
        try makeFolder(folder)
        for weights in Self.weights {
            let descriptor = open("\(folder)/\(weights)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw PartialFile.systemError("\(folder)/\(weights)") }
            close(descriptor)
        }
    }

    private static func reason(_ error: any Error) -> String {
        // exact-text: the key is Foundation's own.
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return (cause ?? error as NSError).localizedDescription
    }
}
