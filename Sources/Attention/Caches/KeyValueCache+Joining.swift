extension KeyValueCache {
    /// The number of positions of a sequence.
    package func length(of sequence: Int) -> Int { sequences[sequence].length }

    /// The most bytes of the pages of a sequence of `length` positions. A window forgets pages meanwhile,
    /// which are counted all the same: how many there are at once depends on the pieces in which a prompt is
    /// read.
    package func byteCount(forLength length: Int) -> Int {
        guard let pool else { return layout.bytesPerPosition * capacity }
        return (length + pageLength - 1) / pageLength * pool.pageBytes
    }

    /// Whether the two keep numbers in one form and in pages of one length, so that one call can read both.
    package func canJoin(_ other: KeyValueCache) -> Bool {
        // exact-text: the storages' names are the package's own.
        layout == other.layout && pageLength == other.pageLength && window == other.window
    }

    /// Joins the only sequences of several caches of one layer for the time of `body`, so that one call reads
    /// them all. Nothing is copied: each sequence moves into the joint cache and back.
    ///
    /// Pages are those of each cache's own pool, so what `body` appends must have been reserved before
    /// (``reserve(_:of:)``).
    ///
    /// - Precondition: All can join (``canJoin(_:)``).
    /// - Parameters:
    ///   - count: The number of caches.
    ///   - cache: Gives access to a cache by its index.
    ///   - body: Gets a cache whose sequences are those, in order.
    package static func withJoined<Result>(
        _ count: Int, _ cache: (Int, (inout KeyValueCache) -> Void) -> Void,
        _ body: (inout KeyValueCache) throws -> Result
    ) rethrows -> Result {
        var joined: KeyValueCache?
        for index in 0..<count {
            cache(index) { own in
                if joined == nil {
                    joined = own
                    joined!.sequences = [Sequence](repeating: Sequence(), count: count)
                }
                precondition(own.canJoin(joined!), "caches of different forms in one step")
                // Each has been asked for its own room already.
                joined!.capacity = max(joined!.capacity, own.capacity)
                swap(&joined!.sequences[index], &own.sequences[0])
            }
        }
        defer {
            for index in 0..<count { cache(index) { swap(&joined!.sequences[index], &$0.sequences[0]) } }
        }
        return try body(&joined!)
    }
}
