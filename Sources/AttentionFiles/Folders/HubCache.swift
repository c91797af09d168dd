import AttentionJSON

/// The Hugging Face cache: `models--<organisation>--<name>/snapshots/<revision>`, with the current revision in
/// `refs/main`.
struct HubCache: Sendable {
    let path: String

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

    /// The snapshot of the model `name`, or nil if the cache has no such model.
    ///
    /// - Throws: ``ModelLocatorError`` if several models or several snapshots could be meant, or the cache's
    ///   entry is not complete.
    func locate(_ name: String) throws -> ModelFolder? {
        if FileKind(path: folder(of: name)) == .folder { return try snapshot(of: name) }
        guard !name.contains("/") else { return nil }
        let usual = "sentence-transformers/\(name)"
        if FileKind(path: folder(of: usual)) == .folder { return try snapshot(of: usual) }
        let candidates = names.filter { $0.hasSuffix("/\(name)") }
        guard candidates.count <= 1 else {
            throw ModelLocatorError.ambiguous(name: name, candidates: candidates)
        }
        return try candidates.first.map { try snapshot(of: $0) }
    }

    private func folder(of name: String) -> String {
        "\(path)/\(Self.prefix)" + name.split(separator: "/").joined(separator: "--")
    }

    private func snapshot(of name: String) throws -> ModelFolder {
        let folder = folder(of: name)
        let snapshots = subfolders(of: "\(folder)/snapshots")
        if FileKind(path: "\(folder)/refs/main") == .file {
            let reference = try MappedFile.contents(of: "\(folder)/refs/main", limit: 1000)
            let revision = String(decoding: reference, as: UTF8.self).filter { !$0.isWhitespace }
            // The revision comes from a file, so it must not lead anywhere else.
            guard isPlainFileName(revision), snapshots.contains(revision) else {
                throw ModelLocatorError.incomplete(
                    name: name, folder: folder,
                    reason: "refs/main names the snapshot \(quoted(revision)), which is not there")
            }
            return try ModelFolder(path: "\(folder)/snapshots/\(revision)")
        }
        guard let only = snapshots.first, snapshots.count == 1 else {
            throw ModelLocatorError.incomplete(
                name: name, folder: folder,
                reason:
                    "it has no refs/main, and \(snapshots.isEmpty ? "no" : "\(snapshots.count)") snapshots")
        }
        return try ModelFolder(path: "\(folder)/snapshots/\(only)")
    }
}
