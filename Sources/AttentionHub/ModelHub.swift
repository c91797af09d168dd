import AttentionFiles
import AttentionJSON
import Foundation
import Synchronization

/// The progress of fetching a model.
public struct HubProgress: Hashable, Sendable {
    /// The file that arrives now.
    public let file: String
    /// The bytes of all files so far.
    public let present: Int
    /// The bytes of all files in total, as far as the hub has told.
    public let total: Int
    /// The bytes that came from the hub in this call.
    public let arrived: Int
    /// Whether another program fetches the same file, and this one waits for it.
    public let isWaiting: Bool
}

/// Models from the Hugging Face hub, or from a server that speaks as it does.
///
///     let hub = try ModelHub()
///     let folder = try await hub.path(of: "sentence-transformers/all-MiniLM-L6-v2")
///     let file = try await hub.path(of: "org/name:model-q8_0.gguf")
///
/// Files go into the Hugging Face cache, where Python finds them too. Each file is checked against the hub's
/// hash before it appears in the cache. A download that broke off continues where it stopped, also in another
/// program or on another day. Two programs do not fetch the same file at once.
///
/// The environment holds the settings: `HF_TOKEN` or the file `token` in `HF_HOME` (sent to the hub's own
/// host only), `HF_ENDPOINT`, `HF_HUB_OFFLINE`, and the cache's place (see `ModelLocator`). The proxies are
/// those of `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`, also in lower case, with `NO_PROXY` for exceptions.
/// They are HTTP proxies that know CONNECT (`http://name:password@host:port`), or `socks5://host:port`.
public struct ModelHub: Sendable {
    private let locator: ModelLocator
    private let connection: HubConnection
    private var cache: HubCache { locator.hub }

    /// The hub's address.
    public var endpoint: String { connection.settings.endpoint }

    /// - Parameters:
    ///   - environment: The variables named above; by default the process's own.
    ///   - locator: The local models, which come first, and the cache.
    ///   - home: The folder that holds `.cache`.
    ///   - timeout: The time without data after which a request fails.
    ///   - retryDelay: The delay before a second attempt. It doubles with each attempt.
    /// - Throws: ``HubError/invalidSetting(name:value:expected:)``.
    public init(
        environment: [String: String] = ProcessInfo.processInfo.environment, locator: ModelLocator? = nil,
        home: String? = nil, timeout: Duration = .seconds(20), retryDelay: Duration = .seconds(1)
    ) throws(HubError) {
        self.locator = locator ?? ModelLocator(environment: environment, home: home)
        connection = HubConnection(
            settings: try HubSettings(environment: environment, home: home), timeout: timeout,
            retryDelay: retryDelay)
    }

    /// The path of the model `name`, a path or a name, as `ModelLocator` finds it. A model of the form
    /// `org/name` that is not on this machine is fetched.
    ///
    /// - Throws: `ModelLocatorError`, `ModelFileError`, ``HubError``; `CancellationError`.
    public func path(
        of name: String, parts: ModelParts = .everything,
        progress: @escaping @Sendable (HubProgress) -> Void = { _ in }
    ) async throws -> String {
        let missing: ModelLocatorError
        do {
            let path = try locator.path(of: name)
            guard isIncomplete(path), parts == .everything, !connection.settings.isOffline else {
                return path
            }
            // The cache may hold only a part of a model, such as its tokenizer.
            return (try? await fetch(ModelReference(name), progress: progress)) ?? path
        } catch let error as ModelLocatorError {
            guard error.mayBeFetched else { throw error }
            missing = error
        }
        let reference = try ModelReference(name)
        guard reference.name.utf8.contains(UInt8(ascii: "/")), HubRepository.isName(reference.name) else {
            throw missing
        }
        if case .partial = missing, connection.settings.isOffline { throw missing }
        do {
            return try await fetch(reference, parts: parts, progress: progress)
        } catch let error as HubError {
            // The listing may have shown that a file in the cache is the only model of this name.
            if case .severalFiles = error, let path = try? locator.path(of: name) { return path }
            throw HubError.notFetched(missing, reason: error)
        }
    }

    /// Whether the path is a folder in the cache without its weights, or one part of a model without the
    /// others.
    private func isIncomplete(_ path: String) -> Bool {
        guard ExactString(path).hasPrefix(ExactString(cache.path + "/")) else { return false }
        guard GGUFPartName.isModel(path) else { return !ModelFiles.isComplete(path) }
        return !ModelFiles.parts(of: path).allSatisfy(FileManager.default.fileExists)
    }

    /// Fetches the missing files of the model's newest state, and returns its path in the cache.
    ///
    /// - Throws: ``HubError``; `ModelFileError` for an index of weights that is damaged; `CancellationError`.
    public func fetch(
        _ reference: ModelReference, parts: ModelParts = .everything,
        progress: @escaping @Sendable (HubProgress) -> Void = { _ in }
    ) async throws -> String {
        guard HubRepository.isName(reference.name) else {
            throw ModelLocatorError.invalidName(
                reference.description, reason: "the hub's names are letters, digits, '-', '_' and '.'")
        }
        guard !connection.settings.isOffline else { throw HubError.offline(model: reference.description) }
        let repository = HubRepository(name: reference.name, connection: connection)
        let revision = reference.revision ?? "main"
        let fetcher = Fetcher(repository: repository, cache: cache, progress: progress)
        if let file = reference.file {
            return try await fetch(file, revision, with: fetcher, repository)
        }
        let listing = try await repository.list(revision)
        let snapshot = cache.snapshot(listing.commit, of: reference.name)
        // Also after an error, the cached files of a repository of single files then stand for its name. The
        // note is a hint: a shared cache may hold everything and be read only.
        defer {
            if listing.isOfFiles, FileManager.default.fileExists(atPath: snapshot) {
                try? cache.noteAsFiles(listing.commit, of: reference.name)
            }
        }
        let files = try ModelFiles(listing, of: reference.name, parts: parts)
        try await fetcher.fetch(files.first, commit: listing.commit)
        if parts == .everything, let weights = files.weights {
            try await fetcher.fetch([weights], commit: listing.commit)
            if ExactString(weights) == ExactString(ModelFiles.index) {
                let shards = try ModelFiles.shards(
                    in: ModelFolder(path: snapshot), listed: listing.exactNames)
                try await fetcher.fetch(shards, commit: listing.commit)
            }
        }
        try cache.note(revision, is: listing.commit, of: reference.name)
        return files.file.map { "\(snapshot)/\($0)" } ?? snapshot
    }

    /// Fetches one file by its name, with all parts if it is a GGUF model in several.
    private func fetch(
        _ file: String, _ revision: String, with fetcher: Fetcher, _ repository: HubRepository
    ) async throws -> String {
        let (name, description) = (repository.name, try await describe(file, revision, repository))
        let commit = description.commit
        if ModelFiles.parts(of: file).count == 1 {
            try await fetcher.fetch([description])
        } else {
            try await fetcher.fetch(ModelFiles.parts(of: file), commit: commit)
        }
        try cache.note(revision, is: commit, of: name)
        // Without a network, the name alone can later stand for this file.
        if GGUFPartName.isModel(file), !cache.isKnownToBeFiles(commit, of: name),
            let listing = try? await repository.list(commit), listing.isOfFiles
        {
            try? cache.noteAsFiles(commit, of: name)
        }
        return "\(cache.snapshot(commit, of: name))/\(file)"
    }

    /// The description of a file; if it does not exist, the error lists the files that do.
    private func describe(
        _ file: String, _ revision: String, _ repository: HubRepository
    ) async throws -> HubRepository.RemoteFile {
        do {
            return try await repository.describe(file, revision)
        } catch HubError.noFile(let name, let file, _) {
            let files = try? await repository.list(revision).files
            let models = files?.filter { GGUFPartName.isModel($0.name) } ?? []
            throw HubError.noFile(name: name, file: file, files: models.isEmpty ? files ?? [] : models)
        }
    }
}

extension ModelLocatorError {
    fileprivate var mayBeFetched: Bool {
        switch self {
        case .notFound, .incomplete, .partial: true
        case .invalidName, .ambiguous: false
        }
    }
}
