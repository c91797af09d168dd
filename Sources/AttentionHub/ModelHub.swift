import AttentionFiles
import Foundation
import Synchronization

/// How far a model has come.
public struct HubProgress: Hashable, Sendable {
    /// The file that arrives now.
    public let file: String
    /// How many bytes of all files are there.
    public let present: Int
    /// How many there will be, as far as the hub has said.
    public let total: Int
    /// How many came from the hub just now, and were not there before.
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
/// What is fetched goes into the Hugging Face cache, where Python finds it, too. Each file is checked against the hash
/// that the hub names it by before it counts as there; what breaks off goes on where it stopped, also in another
/// program and another day; two programs do not fetch the same file at once.
///
/// The environment says the rest: `HF_TOKEN` or the file `token` in `HF_HOME` (told to nobody but the hub itself),
/// `HF_ENDPOINT`, `HF_HUB_OFFLINE`, and where the cache is (see `ModelLocator`).
public struct ModelHub: Sendable {
    private let locator: ModelLocator
    private let connection: HubConnection
    private var cache: HubCache { locator.hub }

    /// The hub's address.
    public var endpoint: String { connection.settings.endpoint }

    /// - Parameters:
    ///   - environment: the variables named above; by default the process's own.
    ///   - locator: where to look first, and where the cache is.
    ///   - home: the folder that holds `.cache`.
    ///   - timeout: how long a server may say nothing.
    ///   - retryDelay: how long to wait before a second attempt; each further one waits twice as long.
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

    /// The path of the model `name`, a path or a name, as `ModelLocator` finds it; what is not on this machine, and has
    /// a name of the form `org/name`, is fetched.
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
            // Of a model in the cache there may be only the part that somebody needed once.
            return (try? await fetch(ModelReference(name), progress: progress)) ?? path
        } catch let error as ModelLocatorError {
            guard error.mayBeFetched else { throw error }
            missing = error
        }
        let reference = try ModelReference(name)
        guard reference.name.contains("/"), HubRepository.isName(reference.name) else { throw missing }
        do {
            return try await fetch(reference, parts: parts, progress: progress)
        } catch let error as HubError {
            throw HubError.notFetched(missing, reason: error)
        }
    }

    /// Whether the path is a snapshot in the cache, without its weights.
    private func isIncomplete(_ path: String) -> Bool {
        path.hasPrefix(cache.path + "/") && !path.hasSuffix(".gguf") && !ModelFiles.isComplete(path)
    }

    /// Fetches the model in its newest state, as far as it is not there yet, and gives its path in the cache.
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
            let description = try await describe(file, revision, repository)
            try await fetcher.fetch([description])
            try cache.note(revision, is: description.commit, of: reference.name)
            return "\(cache.snapshot(description.commit, of: reference.name))/\(file)"
        }
        let listing = try await repository.list(revision)
        let files = try ModelFiles(listing, of: reference.name, parts: parts)
        try await fetcher.fetch(files.first, commit: listing.commit)
        let snapshot = cache.snapshot(listing.commit, of: reference.name)
        if parts == .everything, let weights = files.weights {
            try await fetcher.fetch([weights], commit: listing.commit)
            if weights == ModelFiles.index {
                let listed = Set(listing.files.map(\.name))
                let shards = try ModelFiles.shards(in: ModelFolder(path: snapshot), listed: listed)
                try await fetcher.fetch(shards, commit: listing.commit)
            }
        }
        try cache.note(revision, is: listing.commit, of: reference.name)
        guard files.weights == nil, files.first.count == 1, files.first[0].lowercased().hasSuffix(".gguf")
        else {
            return snapshot
        }
        return "\(snapshot)/\(files.first[0])"
    }

    /// A file that is not there is told with those that are.
    private func describe(
        _ file: String, _ revision: String, _ repository: HubRepository
    ) async throws -> HubRepository.RemoteFile {
        do {
            return try await repository.describe(file, revision)
        } catch HubError.noFile(let name, let file, _) {
            let files = try? await repository.list(revision).files
            let models = files?.filter { $0.name.hasSuffix(".gguf") } ?? []
            throw HubError.noFile(name: name, file: file, files: models.isEmpty ? files ?? [] : models)
        }
    }
}

extension ModelLocatorError {
    fileprivate var mayBeFetched: Bool {
        switch self {
        case .notFound, .incomplete: true
        case .invalidName, .ambiguous: false
        }
    }
}
