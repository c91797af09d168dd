import AttentionJSON

/// The Hugging Face cache: `models--<organisation>--<name>/snapshots/<commit>`, with the commit that a branch
/// or tag stands for in `refs/<name>`. The files of a snapshot are links into `blobs`.
package struct HubCache: Sendable {
    package let path: String

    private static let prefix: ExactString = "models--"

    /// The names of the models in the cache, such as `sentence-transformers/all-MiniLM-L6-v2`.
    var names: [String] {
        subfolders(of: path).compactMap { ExactString($0).dropping(prefix: Self.prefix) }
            .map { name in
                let parts = ExactString(name).split(separator: "-", omittingEmptySubsequences: false)
                    .map(\.string)
                guard let gap = parts.firstIndex(where: \.isEmpty) else {
                    return parts.joined(separator: "-")
                }
                return parts[..<gap].joined(separator: "-") + "/" + parts[(gap + 1)...].joined(separator: "-")
            }
    }

    /// The folder of everything that is kept of the model `name`.
    package func folder(of name: String) -> String { "\(path)/\(Self.entryName(name))" }

    /// The folder of the locks that a program holds while it writes to the model's folder.
    package func locks(of name: String) -> String { "\(path)/.locks/\(Self.entryName(name))" }

    private static func entryName(_ name: String) -> String {
        prefix.string + ExactString(name).split(separator: "/").map(\.string).joined(separator: "--")
    }

    /// The path of the model: a snapshot's folder, or one file in it where the reference names one; nil if
    /// the cache does not have it.
    ///
    /// - Throws: ``ModelLocatorError`` if several models or several snapshots could be meant, or the cache's
    ///   entry is not complete.
    func locate(_ reference: ModelReference) throws(ModelLocatorError) -> String? {
        guard let name = try fullName(of: reference.name) else { return nil }
        let commit = try commit(of: name, revision: reference.revision)
        let snapshot = snapshot(commit, of: name)
        if let file = reference.file {
            return FileKind(path: "\(snapshot)/\(file)") == .file ? "\(snapshot)/\(file)" : nil
        }
        // Repositories with many files often have a folder for each model.
        let folders = subfolders(of: snapshot).flatMap { folder in
            fileNames(in: "\(snapshot)/\(folder)").map { "\(folder)/\($0)" }
        }
        let files = GGUFPartName.models(among: fileNames(in: snapshot) + folders)
        guard !files.isEmpty, !Self.weights.contains(where: { FileKind(path: "\(snapshot)/\($0)") != nil })
        else { return snapshot }
        // A single GGUF file may have been fetched by its own name, out of a repository with many files.
        guard isKnownToBeFiles(commit, of: name) else {
            if FileKind(path: "\(snapshot)/config.json") != nil { return snapshot }
            throw .partial(name: name, files: files)
        }
        guard files.count == 1 else {
            throw .ambiguous(name: name, candidates: files.map { "\(name):\($0)" })
        }
        return "\(snapshot)/\(files[0])"
    }

    /// The GGUF files that the cache has of a model; none where it cannot say.
    func models(of reference: ModelReference) -> [String] {
        guard let name = try? fullName(of: reference.name),
            let commit = try? commit(of: name, revision: reference.revision)
        else { return [] }
        return GGUFPartName.models(among: fileNames(in: snapshot(commit, of: name)))
    }

    /// The files of which a model's folder has one.
    package static let weights = ["model.safetensors", "model.safetensors.index.json"]

    /// Whether the repository is known to hold no folder's weights at this commit, so that each of its GGUF
    /// files is a model of its own. That a file is absent is noted as Python notes it: by an empty file of
    /// its name in `.no_exist`.
    package func isKnownToBeFiles(_ commit: String, of name: String) -> Bool {
        Self.weights.allSatisfy { FileKind(path: "\(absences(commit, of: name))/\($0)") != nil }
    }

    package func absences(_ commit: String, of name: String) -> String {
        "\(folder(of: name))/.no_exist/\(commit)"
    }

    package func snapshot(_ commit: String, of name: String) -> String {
        "\(folder(of: name))/snapshots/\(commit)"
    }

    /// The name with its organisation, if the cache has such a model.
    private func fullName(of name: String) throws(ModelLocatorError) -> String? {
        let isWhole = name.utf8.contains(UInt8(ascii: "/"))
        for name in isWhole ? [name] : [name, "sentence-transformers/\(name)"]
        where FileKind(path: folder(of: name)) == .folder { return name }
        guard !isWhole else { return nil }
        let candidates = names.filter { ExactString($0).hasSuffix(ExactString("/\(name)")) }
        guard candidates.count <= 1 else { throw .ambiguous(name: name, candidates: candidates) }
        return candidates.first
    }

    /// The commit whose snapshot is meant.
    private func commit(of name: String, revision: String?) throws(ModelLocatorError) -> String {
        let folder = folder(of: name)
        let snapshots = subfolders(of: "\(folder)/snapshots")
        if let commit = commit(of: revision ?? "main", in: folder) {
            // The commit comes from a file, so it must not lead anywhere else.
            guard isPlainFileName(commit),
                snapshots.contains(exactly: commit)
            else {
                throw .incomplete(
                    name: name, folder: folder,
                    reason:
                        "refs/\(revision ?? "main") names the snapshot \(quoted(commit)), which is not there")
            }
            return commit
        }
        if let revision {
            if snapshots.contains(exactly: revision) { return revision }
            throw .incomplete(name: name, folder: folder, reason: "it has no \(quoted(revision))")
        }
        guard let only = snapshots.first, snapshots.count == 1 else {
            throw .incomplete(
                name: name, folder: folder,
                reason:
                    "it has no refs/main, and \(snapshots.isEmpty ? "no" : "\(snapshots.count)") snapshots")
        }
        return only
    }

    /// The commit of a branch or tag, from `refs/`.
    private func commit(of revision: String, in folder: String) -> String? {
        guard FileKind(path: "\(folder)/refs/\(revision)") == .file,
            let bytes = try? MappedFile.contents(of: "\(folder)/refs/\(revision)", limit: 1000)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    }
}
