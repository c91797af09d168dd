import AttentionFiles
import AttentionHub
import Foundation
import Synchronization

/// Finds models on this machine or fetches them from the hub, and shows the progress of that.
struct ModelSource {
    private let hub: ModelHub

    init() throws { hub = try ModelHub() }

    /// The path of the model that `--model` names.
    func path(of name: String, parts: ModelParts = .everything) throws -> String {
        try telling(name) { try await hub.path(of: name, parts: parts, progress: $0) }
    }

    /// The path of the model's newest revision.
    func fetch(_ name: String) throws -> String {
        let reference = try ModelReference(name)
        return try telling(name) { try await hub.fetch(reference, progress: $0) }
    }

    private func telling(
        _ name: String,
        _ work: @escaping @Sendable (@escaping @Sendable (HubProgress) -> Void) async throws -> String
    ) throws -> String {
        let bar = ProgressBar(.bytes)
        let arrived = Mutex(0)
        let endpoint = hub.endpoint
        defer { bar.finish() }
        let path = try waiting {
            try await work { progress in
                if progress.isWaiting {
                    Messages.note("another program fetches \(progress.file); waiting for it")
                }
                let isFirst = arrived.withLock { arrived in
                    defer { arrived = progress.arrived }
                    return arrived == 0 && progress.arrived > 0
                }
                if isFirst { Messages.note("fetching \(name) from \(endpoint)") }
                bar.update(progress.present, of: progress.total)
            }
        }
        bar.finish()
        let count = arrived.withLock { $0 }
        if count > 0 { Messages.note("fetched \(ByteCount(count)) into \(path)") }
        return path
    }
}

/// Runs asynchronous work, and waits for it.
func waiting<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) throws -> Result {
    let result = Mutex<Swift.Result<Result, any Error>?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task.detached {
        do {
            let value = try await work()
            result.withLock { $0 = .success(value) }
        } catch {
            result.withLock { $0 = .failure(error) }
        }
        done.signal()
    }
    done.wait()
    return try result.withLock { $0 }!.get()
}
