import AttentionFiles
import Synchronization

/// A download of files of one repository into the cache, one after the other, with progress reports.
final class Fetcher: Sendable {
    private struct Count {
        /// The bytes of the files before this one.
        var received = 0
        var total = 0
        /// The bytes that came from the hub.
        var arrived = 0
    }

    private let repository: HubRepository
    private let cache: HubCache
    private let progress: @Sendable (HubProgress) -> Void
    private let count = Mutex(Count())

    init(
        repository: HubRepository, cache: HubCache, progress: @escaping @Sendable (HubProgress) -> Void
    ) {
        self.repository = repository
        self.cache = cache
        self.progress = progress
    }

    func fetch(_ names: [String], commit: String) async throws {
        try await fetch(try await describe(names, commit))
    }

    /// The hub's descriptions of the files, six requests at a time, since each answer takes a while.
    private func describe(_ names: [String], _ commit: String) async throws -> [HubRepository.RemoteFile] {
        var files: [HubRepository.RemoteFile] = []
        for start in stride(from: 0, to: names.count, by: 6) {
            try await withThrowingTaskGroup(of: (Int, HubRepository.RemoteFile).self) { group in
                for index in start..<min(start + 6, names.count) {
                    group.addTask { [repository] in
                        (index, try await repository.describe(names[index], commit))
                    }
                }
                var described: [(Int, HubRepository.RemoteFile)] = []
                for try await file in group { described.append(file) }
                files += described.sorted { $0.0 < $1.0 }.map(\.1)
            }
        }
        return files
    }

    func fetch(_ files: [HubRepository.RemoteFile]) async throws {
        let size = files.reduce(0) { $0.addingReportingOverflow($1.size ?? 0).partialValue }
        count.withLock { $0.total = $0.total &+ size }
        for file in files {
            let name = repository.name
            try cache.makeFolder("\(cache.folder(of: name))/blobs")
            try cache.makeFolder(cache.locks(of: name))
            try await BlobDownload(
                connection: repository.connection, file: file, blob: cache.blob(file.tag, of: name),
                lock: cache.lock(file.tag, of: name),
                progress: { [self] present, new in
                    count.withLock { $0.arrived += new }
                    report(file, present)
                },
                isWaiting: { [self] in report(file, 0, isWaiting: true) }
            ).run()
            try cache.link(file.name, commit: file.commit, to: file.tag, of: name)
            count.withLock { $0.received = $0.received &+ (file.size ?? 0) }
            report(file, 0)
        }
    }

    private func report(_ file: HubRepository.RemoteFile, _ bytes: Int, isWaiting: Bool = false) {
        let count = count.withLock { $0 }
        progress(
            .init(
                file: file.name, present: count.received &+ bytes, total: count.total, arrived: count.arrived,
                isWaiting: isWaiting))
    }
}
