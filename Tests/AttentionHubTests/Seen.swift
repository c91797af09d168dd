import AttentionHub
import Synchronization

/// Collects reports of progress.
final class Seen: Sendable {
    private let list = Mutex<[HubProgress]>([])

    var values: [HubProgress] { list.withLock { $0 } }

    func add(_ progress: HubProgress) { list.withLock { $0.append(progress) } }
}
