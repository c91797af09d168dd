import CAttentionKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many threads a computation may use.
package enum ProcessorCount {
    /// `ATTENTION_THREADS` if it is a positive number, or else ``available``.
    package static var selected: Int {
        if let text = getenv("ATTENTION_THREADS"), let count = Int(String(cString: text)), count > 0 {
            return min(count, 1024)
        }
        return available
    }

    /// The processors that this process may run on (its affinity mask, where the system has one), and that
    /// its control groups let it use.
    package static var available: Int {
        let allowed = Int(ak_allowed_processors())
        let count = allowed > 0 ? allowed : Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let quota = ControlGroups().processors.map { Int($0.rounded(.up)) }
        return max(min(count, quota ?? count), 1)
    }
}
