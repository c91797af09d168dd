import AttentionJSON
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The part of mapped files that may move to large pages. These are the process's own and do not go back to
/// the file when memory is short. The budget is half of the memory of the machine and of the process's
/// control groups, and at most the memory that is available now. Only Linux has them.
/// `ATTENTION_LARGE_PAGES=0`: nothing moves.
enum LargePageBudget {
    private static let reserved = Mutex(0)

    /// Each page is a mapping of its own, of which a process may have 65,530: at most a quarter of them.
    private static let most = 16_384 * SystemMemory.largePage

    /// Whether `byteCount` bytes may move. If so, give them back.
    static func reserve(_ byteCount: Int) -> Bool {
        guard isThere, let limit else { return false }
        return reserved.withLock { reserved in
            guard reserved + byteCount <= min(limit, most), isAvailable(byteCount) else { return false }
            reserved += byteCount
            return true
        }
    }

    static func giveBack(_ byteCount: Int) { reserved.withLock { $0 -= byteCount } }

    /// Whether the system gives large pages of the expected size on request.
    private static var isThere: Bool {
        guard getenv("ATTENTION_LARGE_PAGES").map({ ExactString(String(cString: $0)) }) != "0" else {
            return false
        }
        let folder = "/sys/kernel/mm/transparent_hugepage"
        guard let enabled = SystemFile.lines(of: folder + "/enabled").first else { return false }
        return !ExactString(enabled).contains("[never]")
            && SystemFile.lines(of: folder + "/hpage_pmd_size").first.flatMap { Int($0) }
                == SystemMemory.largePage
    }

    private static var limit: Int? {
        information("MemTotal").map { Int(min($0, ControlGroups().memory ?? .infinity) / 2) }
    }

    private static func isAvailable(_ byteCount: Int) -> Bool {
        information("MemAvailable").map { Double(byteCount) * 1.25 <= $0 } ?? false
    }

    /// A line of `/proc/meminfo`, in bytes.
    private static func information(_ name: String) -> Double? {
        let line = SystemFile.lines(of: "/proc/meminfo").first { $0.utf8.starts(with: "\(name):".utf8) }
        return line.flatMap { Double($0.filter(\.isNumber)) }.map { $0 * 1024 }
    }
}
