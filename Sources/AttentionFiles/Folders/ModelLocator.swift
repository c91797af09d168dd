import AttentionJSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds a model that is given by a path or by a name.
///
/// The places, in order; the first that holds the model wins:
///
/// 1. the path itself, if it leads to a folder or a file;
/// 2. `<root>/<name>` for every root in `ATTENTION_MODELS` (separated by colons), or, where that is unset,
///    in `Models` in the current folder and in `$XDG_CACHE_HOME/swift-attention/models` (by default
///    `~/.cache/swift-attention/models`);
/// 3. the Hugging Face cache (`HF_HUB_CACHE`, else `HF_HOME/hub`, else `$XDG_CACHE_HOME/huggingface/hub`, by
///    default `~/.cache/huggingface/hub`), in the snapshot that `refs/main` names. A name without an
///    organisation is looked for as it is, then in `sentence-transformers`, then in every organisation.
///
/// A name may be followed by `@` and a revision, which only the cache knows, and by `:` and one file of the
/// model (``ModelReference``). Nothing is downloaded: `ModelHub` of `AttentionHub` does that.
public struct ModelLocator: Sendable {
    /// The folders of step 2.
    let roots: [String]
    package let hub: HubCache
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
        let environment = [ExactString: String](environment)
        func value(_ name: ExactString) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = home ?? value("HOME") ?? currentFolder
        let cache = value("XDG_CACHE_HOME") ?? "\(home)/.cache"
        let absolute = { (path: String) in Self.absolute(path, in: currentFolder) }
        let configured = value("ATTENTION_MODELS").map { ExactString($0).split(separator: ":").map(\.string) }
        roots = (configured ?? ["Models", "\(cache)/swift-attention/models"]).map(absolute)
        let hubPath =
            value("HF_HUB_CACHE") ?? value("HF_HOME").map { "\($0)/hub" } ?? "\(cache)/huggingface/hub"
        hub = HubCache(path: absolute(hubPath))
        self.currentFolder = currentFolder
    }

    /// Opens the model `name`, which is a path or a name such as `all-MiniLM-L6-v2` or
    /// `sentence-transformers/all-MiniLM-L6-v2`.
    ///
    /// - Throws: ``ModelLocatorError``; as ``ModelFile/init(path:)``.
    public func locate(_ name: String) throws -> ModelFile { try ModelFile(path: path(of: name)) }

    /// The path of the model `name`: that of its folder, or of the one file that it is, as a GGUF file.
    ///
    /// - Throws: ``ModelLocatorError``; ``ModelFileError`` if a path leads to nothing.
    public func path(of name: String) throws -> String {
        let path = try find(name)
        // Otherwise a folder's files would seem not to be there.
        if FileKind(path: path) == .folder, access(path, X_OK) != 0 {
            throw ModelFileError.lastSystemError("open", path)
        }
        return path
    }

    private func find(_ name: String) throws -> String {
        if let path = try existingPath(name) { return path }
        let reference = try ModelReference(name)
        var searched = reference.file == nil && reference.revision == nil ? [absolute(name)] : []
        if reference.revision == nil {
            let places = roots.map { "\($0)/\(reference.name)" + (reference.file.map { "/\($0)" } ?? "") }
            if let found = places.first(where: { FileKind(path: $0)?.isModel ?? false }) { return found }
            searched += places
        }
        if let found = try hub.locate(reference) { return found }
        throw ModelLocatorError.notFound(
            name: name, searched: searched + [hub.path],
            similar: similarNames(to: reference), root: roots.first ?? currentFolder)
    }

    /// The path itself, if it leads to something or is written as a path.
    private func existingPath(_ name: String) throws -> String? {
        guard !name.isEmpty, name.utf8.count <= 4096, !hasControlCharacters(name) else { return nil }
        let path = absolute(name)
        if let kind = FileKind(path: path) {
            guard kind.isModel else { throw ModelFileError.notAFolder(path: path, found: kind.rawValue) }
            return path
        }
        // ./x and /x are paths. An error about names would not fit them.
        guard ["/", "./", "../", "~"].contains(where: ExactString(name).hasPrefix) else { return nil }
        throw ModelFileError.system(operation: "open", file: path, reason: Self.reasonForAbsence(of: path))
    }

    private static func reasonForAbsence(of path: String) -> String {
        if access(path, F_OK) != 0, errno == EACCES {
            return "a folder on the way there may not be looked into (\(String(cString: strerror(EACCES))))"
        }
        let (folder, name) = folderAndName(ofFile: path)
        let near = Self.near(to: name, among: models(in: folder)).map { "\(folder)/\($0)" }
        return "there is no folder and no file of this name"
            + (near.isEmpty ? "" : ". Did you mean \(near.map { quoted($0) }.joined(separator: ", "))?")
    }

    private func absolute(_ path: String) -> String { Self.absolute(path, in: currentFolder) }

    private static func absolute(_ path: String, in folder: String) -> String {
        ExactString(path).hasPrefix("/") ? path : "\(folder)/\(path)"
    }

    /// Up to three names of models that are there, the most similar first.
    private func similarNames(to reference: ModelReference) -> [String] {
        if let file = reference.file {
            let files = hub.models(of: reference)
            let near = Self.near(to: file, among: files).map { "\(reference.name):\($0)" }
            if !near.isEmpty { return near }
        }
        let here = Self.near(to: reference.name, among: models(in: currentFolder))
        return Self.near(to: reference.name, among: here + roots.flatMap { models(in: $0) } + hub.names)
    }

    /// Up to three of the names, the most similar to `name` first. An organisation before a name and the end
    /// `.gguf` are no part of the likeness.
    private static func near(to name: String, among names: [String]) -> [String] {
        func bare(_ name: String) -> String {
            let last = lastName(of: name).lowercased()
            return ExactString(last).dropping(suffix: ".gguf") ?? last
        }
        let wanted = bare(name)
        let ranked = Set(names.map { ExactString($0) }).map { name in
            (name: name, distance: distance(wanted, bare(name.string)))
        }
        let near = ranked.filter { $0.distance <= max(3, wanted.count / 2) }
        return near.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name.string)
    }

    /// The edit distance; a name that the other one begins with is close to it, as in a GGUF file's name
    /// without its type.
    private static func distance(_ wanted: String, _ candidate: String) -> Int {
        let isBeginning = wanted.count >= 3 && ExactString(candidate).hasPrefix(ExactString(wanted))
        return isBeginning ? 1 : editDistance(wanted, candidate)
    }
}

/// The names in `folder` that a model can have: folders, and GGUF files.
private func models(in folder: String) -> [String] {
    subfolders(of: folder) + GGUFPartName.models(among: fileNames(in: folder))
}

extension FileKind {
    /// Whether a model can be this: a folder, or a single file.
    fileprivate var isModel: Bool { self == .folder || self == .file }
}

/// The names of the files in `path`; none where it cannot be read. Hidden ones are left out.
func fileNames(in path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return visible(names).filter { FileKind(path: "\(path)/\($0)") == .file }
}

/// The names of the folders in `path`; none where it cannot be read. Hidden ones are left out.
func subfolders(of path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return visible(names).filter { FileKind(path: "\(path)/\($0)") == .folder }
}

/// The names that are not hidden, sorted.
private func visible(_ names: [String]) -> [String] {
    names.filter { !ExactString($0).hasPrefix(".") }.sortedExactly()
}

/// The number of scalars to insert, remove or replace, or of neighbours to swap, to turn one text into the
/// other (the optimal string alignment distance). Only the first 100 count.
package func editDistance(_ first: String, _ second: String) -> Int {
    let (first, second) = (Array(first.unicodeScalars.prefix(100)), Array(second.unicodeScalars.prefix(100)))
    var (beforePrevious, previous): ([Int], [Int]) = ([], Array(0...second.count))
    for (row, scalar) in first.enumerated() {
        var current = [row + 1]
        for (column, other) in second.enumerated() {
            let replaced = previous[column] + (scalar == other ? 0 : 1)
            var least = min(replaced, previous[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, scalar == second[column - 1], first[row - 1] == other {
                least = min(least, beforePrevious[column - 1] + 1)
            }
            current.append(least)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[second.count]
}
