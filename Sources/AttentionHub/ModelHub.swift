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
/// What is fetched goes into the Hugging Face cache, where Python finds it, too. Each file is checked against
/// the hash that the hub names it by before it counts as there; what breaks off goes on where it stopped,
/// also in another program and another day; two programs do not fetch the same file at once.
///
/// The environment says the rest: `HF_TOKEN` or the file `token` in `HF_HOME` (told to nobody but the hub
/// itself), `HF_ENDPOINT`, `HF_HUB_OFFLINE`, and where the cache is (see `ModelLocator`).
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

    /// The path of the model `name`, a path or a name, as `ModelLocator` finds it; what is not on this
    /// machine, and has a name of the form `org/name`, is fetched.
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
        if case .partial = missing, connection.settings.isOffline { throw missing }
        do {
            return try await fetch(reference, parts: parts, progress: progress)
        } catch let error as HubError {
            // By now it may be known that a file which is here is all that the name can mean.
            if case .severalFiles = error, let path = try? locator.path(of: name) { return path }
            throw HubError.notFetched(missing, reason: error)
        }
    }

    /// Whether the path is a folder in the cache without its weights, or one part of a model without the
    /// others.
    private func isIncomplete(_ path: String) -> Bool {
        guard path.hasPrefix(cache.path + "/") else { return false }
        guard path.lowercased().hasSuffix(".gguf") else { return !ModelFiles.isComplete(path) }
        return !ModelFiles.parts(of: path).allSatisfy(FileManager.default.fileExists)
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
            return try await fetch(file, revision, with: fetcher, repository)
        }
        let listing = try await repository.list(revision)
        let snapshot = cache.snapshot(listing.commit, of: reference.name)
        // However it ends, what is cached of a repository of files then stands for its name. Only a hint: a
        // shared cache may hold everything and be read only.
        defer {
            if listing.isOfFiles, FileManager.default.fileExists(atPath: snapshot) {
                try? cache.noteAsFiles(listing.commit, of: reference.name)
            }
        }
        let files = try ModelFiles(listing, of: reference.name, parts: parts)
        try await fetcher.fetch(files.first, commit: listing.commit)
        if parts == .everything, let weights = files.weights {
            try await fetcher.fetch([weights], commit: listing.commit)
            if weights == ModelFiles.index {
                let listed = Set(listing.files.map(\.name))
                let shards = try ModelFiles.shards(in: ModelFolder(path: snapshot), listed: listed)
                try await fetcher.fetch(shards, commit: listing.commit)
            }
        }
        try cache.note(revision, is: listing.commit, of: reference.name)
        return files.file.map { "\(snapshot)/\($0)" } ?? snapshot
    }

    /// One file that was asked for by its name; of a GGUF model in several parts all of them.
    private func fetch(
        _ file: String, _ revision: String, with fetcher: Fetcher, _ repository: HubRepository
    ) async throws -> String {
        let (name, description) = (repository.name, try await describe(file, revision, repository))
        let commit = description.commit
        let others = ModelFiles.parts(of: file).filter { $0 != file }
        if others.isEmpty {
            try await fetcher.fetch([description])
        } else {
            try await fetcher.fetch(ModelFiles.parts(of: file), commit: commit)
        }
        try cache.note(revision, is: commit, of: name)
        // Whether the name alone can mean this file later on, without a network.
        if file.lowercased().hasSuffix(".gguf"), !cache.isKnownToBeFiles(commit, of: name),
            let listing = try? await repository.list(commit), listing.isOfFiles
        {
            try? cache.noteAsFiles(commit, of: name)
        }
        return "\(cache.snapshot(commit, of: name))/\(file)"
    }

    /// A file that is not there is told with those that are.
    private func describe(
        _ file: String, _ revision: String, _ repository: HubRepository
    ) async throws -> HubRepository.RemoteFile {
        do {
            return try await repository.describe(file, revision)
        } catch HubError.noFile(let name, let file, _) {
            let files = try? await repository.list(revision).files
            let models = files?.filter { $0.name.lowercased().hasSuffix(".gguf") } ?? []
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
