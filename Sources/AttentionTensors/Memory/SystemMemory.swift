import CAttentionKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Memory from the system: small blocks from the C library, large ones as mappings of their own, which go
/// back to the system at once.
enum SystemMemory {
    private static let mapped = 1 << 20
    static let largePage = Int(AK_LARGE_PAGE)

    /// Whether memory is filled with NaN before each use, to show reads of memory that was never written:
    /// `ATTENTION_SCRIBBLE=1`.
    static let scribbles = getenv("ATTENTION_SCRIBBLE") != nil

    /// Nil if there is no more.
    static func allocate(_ size: SizeClass) -> MemoryBlock? {
        address(of: size.byteCount).map { MemoryBlock(address: $0, size: size) }
    }

    static func free(_ blocks: [MemoryBlock]) {
        for block in blocks {
            let byteCount = block.size.byteCount
            if byteCount >= mapped { munmap(block.address, byteCount) } else { block.address.deallocate() }
        }
    }

    /// Gives back the pages of a file's mapping that lie within a range of addresses whole.
    static func forget(_ addresses: Range<Int>) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        guard page > 0 else { return }
        let first = (addresses.lowerBound + page - 1) / page * page
        let last = addresses.upperBound / page * page
        guard first < last else { return }
        madvise(UnsafeMutableRawPointer(bitPattern: first), last - first, MADV_DONTNEED)
    }

    private static func address(of byteCount: Int) -> UnsafeMutableRawPointer? {
        guard byteCount >= mapped else {
            return .allocate(byteCount: byteCount, alignment: TensorStorage.alignment)
        }
        guard byteCount >= largePage else { return map(byteCount) }
        guard let address = mapAligned(byteCount) else { return nil }
        #if os(Linux)
            madvise(address, byteCount, 14)  // MADV_HUGEPAGE
        #endif
        return address
    }

    private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        return address == MAP_FAILED ? nil : address
    }

    /// A mapping that begins where a large page can.
    private static func mapAligned(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard let first = map(byteCount) else { return nil }
        if UInt(bitPattern: first) % UInt(largePage) == 0 { return first }
        munmap(first, byteCount)
        guard let wide = map(byteCount + largePage) else { return nil }
        let before = (largePage - Int(bitPattern: wide) % largePage) % largePage
        if before > 0 { munmap(wide, before) }
        munmap(wide + before + byteCount, largePage - before)
        return wide + before
    }
}
