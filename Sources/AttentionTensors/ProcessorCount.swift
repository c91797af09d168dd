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

    /// The processors that this process may run on, and that its control group lets it use.
    package static var available: Int {
        let allowed = Int(ak_allowed_processors())
        let count = allowed > 0 ? allowed : Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return max(min(count, quota ?? count), 1)
    }

    #if canImport(Darwin)
        private static var quota: Int? { nil }
    #else
        /// The control group's limit on processor time, in whole processors (version 2's `cpu.max`).
        private static var quota: Int? {
            guard let file = fopen("/sys/fs/cgroup/cpu.max", "r") else { return nil }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 64)
            guard fgets(&line, Int32(line.count), file) != nil else { return nil }
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let fields = text.split(whereSeparator: \.isWhitespace)
            guard fields.count == 2, let share = Double(fields[0]), let period = Double(fields[1]), period > 0
            else {
                return nil
            }
            return max(Int((share / period).rounded(.up)), 1)
        }
    #endif
}
