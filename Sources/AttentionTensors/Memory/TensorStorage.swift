/// A block of bytes that tensors look into: memory of the pool, or borrowed memory such as a mapped file.
///
/// `@unchecked Sendable`: bytes are written only by `Tensor`'s initialisers, before the storage is
/// shared, and by `Tensor.withUnsafeMutableBuffer`, which first makes sure that no other tensor
/// refers to the storage. Once two tasks can see it, it is read only.
package final class TensorStorage: @unchecked Sendable {
    package let baseAddress: UnsafeMutableRawPointer
    package let byteCount: Int
    /// Keeps foreign bytes alive; nil where the storage owns them.
    private let owner: (any AnyObject & Sendable)?
    /// The pages of a mapped file; nil for other memory.
    private let pages: FilePages?

    /// Cache-line alignment, so that no vector load straddles two lines at a row's start.
    package static let alignment = 64

    /// Uninitialised memory of its own.
    package init(byteCount: Int) {
        precondition(byteCount >= 0, "a storage cannot have \(byteCount) bytes")
        self.byteCount = byteCount
        baseAddress = MemoryPool.take(byteCount: byteCount)
        owner = nil
        pages = nil
    }

    /// A copy of `bytes`.
    package convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(byteCount: bytes.count)
        UnsafeMutableRawBufferPointer(start: baseAddress, count: byteCount).copyMemory(from: bytes)
    }

    /// Bytes that belong to `owner` and live as long as it does. They are never written.
    ///
    /// - Parameter isMappedFile: Whether pages that are forgotten come back from a file.
    package init(
        borrowing bytes: UnsafeRawBufferPointer, from owner: any AnyObject & Sendable,
        isMappedFile: Bool = false
    ) {
        pages = isMappedFile ? FilePages(of: bytes) : nil
        byteCount = bytes.count
        baseAddress = UnsafeMutableRawPointer(
            mutating: bytes.baseAddress ?? UnsafeRawPointer(bitPattern: Self.alignment)!)
        self.owner = owner
    }

    package var isOwned: Bool { owner == nil }

    /// Forgets the pages around `bytes`, if they belong to a mapped file.
    func releasePages(_ bytes: Range<Int>) { pages?.forget(bytes) }

    /// Brings `bytes` onto large pages, if they belong to a mapped file.
    func settle(_ bytes: Range<Int>) { pages?.settle(bytes) }

    deinit {
        if owner == nil { MemoryPool.giveBack(baseAddress, byteCount: byteCount) }
    }
}
