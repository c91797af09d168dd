import AttentionJSON

/// The Hugging Face cache: `models--<organisation>--<name>/snapshots/<commit>`, with the commit that a branch or
/// tag stands for in `refs/<name>`. The files of a snapshot are links into `blobs`.
package struct HubCache: Sendable {
    package let path: String

    private static let prefix = "models--"

    /// The names of the models in the cache, such as `sentence-transformers/all-MiniLM-L6-v2`.
    var names: [String] {
        subfolders(of: path).filter { $0.hasPrefix(Self.prefix) }
            .map { folder in
                let parts = folder.dropFirst(Self.prefix.count).split(
                    separator: "-", omittingEmptySubsequences: false)
                guard let gap = parts.firstIndex(of: "") else { return parts.joined(separator: "-") }
                return parts[..<gap].joined(separator: "-") + "/" + parts[(gap + 1)...].joined(separator: "-")
            }
    }

    /// The folder of everything that is kept of the model `name`.
    package func folder(of name: String) -> String { "\(path)/\(Self.entryName(name))" }

    /// The folder of the locks that whoever writes to the model's folder holds.
    package func locks(of name: String) -> String { "\(path)/.locks/\(Self.entryName(name))" }

    private static func entryName(_ name: String) -> String {
        prefix + name.split(separator: "/").joined(separator: "--")
    }

    /// Where the model lies: a snapshot's folder or the file in it that was asked for, or nil if the cache does
    /// not have it. A snapshot of one GGUF file and no `config.json` is that file.
    ///
    /// - Throws: ``ModelLocatorError`` if several models or several snapshots could be meant, or the cache's
    ///   entry is not complete.
    func locate(_ reference: ModelReference) throws(ModelLocatorError) -> String? {
        guard let name = try fullName(of: reference.name) else { return nil }
        let snapshot = try snapshot(of: name, revision: reference.revision)
        if let file = reference.file {
            return FileKind(path: "\(snapshot)/\(file)") == .file ? "\(snapshot)/\(file)" : nil
        }
        guard FileKind(path: "\(snapshot)/config.json") == nil else { return snapshot }
        let files = fileNames(in: snapshot).filter { $0.hasSuffix(".gguf") }
        guard let file = files.first else { return snapshot }
        guard files.count == 1 else {
            throw .ambiguous(name: name, candidates: files.map { "\(name):\($0)" })
        }
        return "\(snapshot)/\(file)"
    }

    /// The name with its organisation, if the cache has such a model.
    private func fullName(of name: String) throws(ModelLocatorError) -> String? {
        for name in name.contains("/") ? [name] : [name, "sentence-transformers/\(name)"]
        where FileKind(path: folder(of: name)) == .folder { return name }
        guard !name.contains("/") else { return nil }
        let candidates = names.filter { $0.hasSuffix("/\(name)") }
        guard candidates.count <= 1 else { throw .ambiguous(name: name, candidates: candidates) }
        return candidates.first
    }

    private func snapshot(of name: String, revision: String?) throws(ModelLocatorError) -> String {
        let folder = folder(of: name)
        let snapshots = subfolders(of: "\(folder)/snapshots")
        if let commit = commit(of: revision ?? "main", in: folder) {
            // The commit comes from a file, so it must not lead anywhere else.
            guard isPlainFileName(commit), snapshots.contains(commit) else {
                throw .incomplete(
                    name: name, folder: folder,
                    reason:
                        "refs/\(revision ?? "main") names the snapshot \(quoted(commit)), which is not there")
            }
            return "\(folder)/snapshots/\(commit)"
        }
        if let revision {
            if snapshots.contains(revision) { return "\(folder)/snapshots/\(revision)" }
            throw .incomplete(name: name, folder: folder, reason: "it has no \(quoted(revision))")
        }
        guard let only = snapshots.first, snapshots.count == 1 else {
            throw .incomplete(
                name: name, folder: folder,
                reason:
                    "it has no refs/main, and \(snapshots.isEmpty ? "no" : "\(snapshots.count)") snapshots")
        }
        return "\(folder)/snapshots/\(only)"
    }

    /// What a branch or tag stands for, as `refs/` says.
    private func commit(of revision: String, in folder: String) -> String? {
        guard FileKind(path: "\(folder)/refs/\(revision)") == .file,
            let bytes = try? MappedFile.contents(of: "\(folder)/refs/\(revision)", limit: 1000)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    }
}
