#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds the folder of a model that is given by a path or by a name.
///
/// The places, in order; the first that holds the model wins:
///
/// 1. the path itself, if it leads to a folder;
/// 2. `<root>/<name>` for every root in `ATTENTION_MODELS` (separated by colons), or, where that is unset,
///    in `Models` in the current folder and in `$XDG_CACHE_HOME/swift-attention/models` (by default
///    `~/.cache/swift-attention/models`);
/// 3. the Hugging Face cache (`HF_HUB_CACHE`, else `HF_HOME/hub`, else `$XDG_CACHE_HOME/huggingface/hub`, by
///    default `~/.cache/huggingface/hub`), in the snapshot that `refs/main` names. A name without an
///    organisation is looked for as it is, then in `sentence-transformers`, then in every organisation.
///
/// Nothing is downloaded.
public struct ModelLocator: Sendable {
    /// The folders of step 2.
    let roots: [String]
    let hub: HubCache
    private let currentFolder: String

    /// - Parameters:
    ///   - environment: the variables named above; by default the process's own.
    ///   - currentFolder: where relative paths begin.
    ///   - home: the folder that holds `.cache`.
    public init(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        currentFolder: String = FileManager.default.currentDirectoryPath,
        home: String? = nil
    ) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = home ?? value("HOME") ?? currentFolder
        let cache = value("XDG_CACHE_HOME") ?? "\(home)/.cache"
        let absolute = { (path: String) in path.hasPrefix("/") ? path : "\(currentFolder)/\(path)" }
        let configured = value("ATTENTION_MODELS")?.split(separator: ":").map(String.init)
        roots = (configured ?? ["Models", "\(cache)/swift-attention/models"]).map(absolute)
        let hubPath =
            value("HF_HUB_CACHE") ?? value("HF_HOME").map { "\($0)/hub" } ?? "\(cache)/huggingface/hub"
        hub = HubCache(path: absolute(hubPath))
        self.currentFolder = currentFolder
    }

    /// The folder of the model `name`, which is a path or a name such as `all-MiniLM-L6-v2` or
    /// `sentence-transformers/all-MiniLM-L6-v2`.
    ///
    /// - Throws: ``ModelLocatorError``; ``ModelFileError`` if a path leads to a file.
    public func locate(_ name: String) throws -> ModelFolder {
        guard !name.isEmpty, name.utf8.count <= 4096, !hasControlCharacters(name) else {
            throw ModelLocatorError.invalidName(
                name, reason: "it is empty, too long or has control characters")
        }
        let path = name.hasPrefix("/") ? name : "\(currentFolder)/\(name)"
        if FileKind(path: path) == .folder { return try ModelFolder(path: path) }
        // Whoever writes ./x or /x means a path, and should not be told about names.
        let isWrittenAsPath = ["/", "./", "../"].contains { name.hasPrefix($0) }
        if isWrittenAsPath || FileKind(path: path) == .file { return try ModelFolder(path: path) }
        guard isPlainRelativePath(name) else {
            throw ModelLocatorError.invalidName(name, reason: "a name has no '..', '\\' or empty part")
        }
        for root in roots where FileKind(path: "\(root)/\(name)") == .folder {
            return try ModelFolder(path: "\(root)/\(name)")
        }
        if let folder = try hub.locate(name) { return folder }
        throw ModelLocatorError.notFound(
            name: name, searched: [path] + roots.map { "\($0)/\(name)" } + [hub.path],
            similar: similarNames(to: name), root: roots.first ?? currentFolder)
    }

    /// Up to three names of models that are there, most similar first.
    private func similarNames(to name: String) -> [String] {
        let available = Set(roots.flatMap { subfolders(of: $0) } + hub.names)
        let wanted = name.split(separator: "/").last ?? name[...]
        let ranked = available.map { candidate in
            let bare = candidate.split(separator: "/").last ?? candidate[...]
            return (name: candidate, distance: editDistance(wanted.lowercased(), bare.lowercased()))
        }
        let near = ranked.filter { $0.distance <= max(3, wanted.count / 2) }
        return near.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }
}

/// The names of the folders in `path`; none where it cannot be read. Hidden ones are left out.
func subfolders(of path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { !$0.hasPrefix(".") && FileKind(path: "\(path)/\($0)") == .folder }.sorted()
}

/// How many characters have to be inserted, removed or replaced to turn one text into the other
/// (Levenshtein's distance). Only the first 100 characters count.
func editDistance(_ first: String, _ second: String) -> Int {
    let (first, second) = (Array(first.prefix(100)), Array(second.prefix(100)))
    var previous = Array(0...second.count)
    for (row, character) in first.enumerated() {
        var current = [row + 1]
        for (column, other) in second.enumerated() {
            let replaced = previous[column] + (character == other ? 0 : 1)
            current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[second.count]
}
