import AttentionJSON

/// Linux's limits on processor time and memory, of the groups that this process is in. Elsewhere the files do
/// not exist, and there is no limit.
package struct ControlGroups {
    /// A line for each hierarchy: `id:controllers:path`. Version 2 has no controllers there.
    let membership: String
    /// Where the hierarchies are mounted.
    let root: String

    package init(membership: String = "/proc/self/cgroup", root: String = "/sys/fs/cgroup") {
        self.membership = membership
        self.root = root
    }

    /// The processors' time that the strictest of the groups allows; nil: no limit.
    package var processors: Double? {
        strictest(of: "cpu", mounts: ["/cpu,cpuacct", "/cpu"], version2: Self.quota) { folder in
            // Two files; a quota of -1 is none.
            guard let quota = SystemFile.lines(of: folder + "/cpu.cfs_quota_us").first,
                let period = SystemFile.lines(of: folder + "/cpu.cfs_period_us").first
            else { return nil }
            return Self.ratio(ExactString(quota), ExactString(period))
        }
    }

    /// The bytes of memory that the strictest of the groups allows; nil: no limit.
    package var memory: Double? {
        func first(_ path: String) -> Double? { SystemFile.lines(of: path).first.flatMap { Double($0) } }
        return strictest(
            of: "memory", mounts: ["/memory"], version2: { first($0 + "/memory.max") },
            version1: { first($0 + "/memory.limit_in_bytes") })
    }

    /// - Parameters:
    ///   - controller: Its name in version 1, where it has hierarchies of its own below `mounts`.
    ///   - version2: A group's limit, from its folder.
    ///   - version1: The same.
    private func strictest(
        of controller: ExactString, mounts: [String], version2: (String) -> Double?,
        version1: (String) -> Double?
    ) -> Double? {
        SystemFile.lines(of: membership).flatMap { line -> [Double] in
            let fields = ExactString(line).split(
                separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            let controllers = fields[1].split(separator: ",")
            let groups = Self.ancestry(of: fields[2])
            if fields[0] == "0", controllers.isEmpty { return groups.compactMap { version2(root + $0) } }
            guard controllers.contains(controller) else { return [] }
            return mounts.flatMap { mount in groups.compactMap { version1(root + mount + $0) } }
        }.min()
    }

    /// `cpu.max`: "quota period" in microseconds, or "max period".
    private static func quota(_ folder: String) -> Double? {
        let fields =
            SystemFile.lines(of: folder + "/cpu.max").first.map { ExactString($0).split(separator: " ") }
            ?? []
        return fields.count == 2 ? ratio(fields[0], fields[1]) : nil
    }

    private static func ratio(_ quota: ExactString, _ period: ExactString) -> Double? {
        guard let quota = Double(quota.string), let period = Double(period.string), quota > 0, period > 0
        else { return nil }
        return quota / period
    }

    /// The group at `path` and all above it: "/a/b", "/a" and "". In a container the path may be the host's,
    /// and then only the topmost, which is the container's own, is found.
    private static func ancestry(of path: ExactString) -> [String] {
        let names = path.split(separator: "/")
        guard !names.contains("..") else { return [""] }
        return (0...names.count).reversed().map { names.prefix($0).map { "/" + $0.string }.joined() }
    }
}
