/// A rectangular block of float32 numbers: a value, seen through a shape and strides.
///
/// Copying a tensor, transposing it or cutting a part out of it copies no numbers; writing to one
/// never changes another.
public struct Tensor: Sendable {
    /// The extents, outermost first.
    public let shape: Shape
    /// The distance, in elements, between neighbours along each axis.
    public let strides: [Int]
    /// The first element's place in the storage, in elements.
    package let offset: Int
    package private(set) var storage: TensorStorage
    /// The node of the recorded computation; nil if the tensor is not watched. See
    /// ``gradients(of:seed:at:)``.
    package private(set) var gradientNode: GradientNode?

    package init(
        shape: Shape, strides: [Int], offset: Int, storage: TensorStorage, gradientNode: GradientNode? = nil
    ) {
        self.shape = shape
        self.strides = strides
        self.offset = offset
        self.storage = storage
        self.gradientNode = gradientNode
    }

    /// A tensor whose elements `body` writes, in row-major order. It must write every one.
    public init<E: Error>(
        shape: Shape,
        initializingWith body: (UnsafeMutableBufferPointer<Float>) throws(E) -> Void
    ) throws(E) {
        let count = shape.elementCount
        let storage = TensorStorage(byteCount: count * MemoryLayout<Float>.stride)
        let pointer = storage.baseAddress.bindMemory(to: Float.self, capacity: count)
        try body(UnsafeMutableBufferPointer(start: pointer, count: count))
        self.init(shape: shape, strides: shape.contiguousStrides, offset: 0, storage: storage)
    }

    /// Every element is `value`.
    public init(repeating value: Float, shape: Shape) {
        self.init(shape: shape) { $0.initialize(repeating: value) }
    }

    /// Every element is 0.
    public static func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape) }

    /// - Throws: ``TensorError/countMismatch(tensor:expected:found:)`` unless `scalars` fills `shape`.
    public init(_ scalars: some Collection<Float>, shape: Shape) throws(TensorError) {
        guard scalars.count == shape.elementCount else {
            throw .countMismatch(tensor: "tensor", expected: shape.elementCount, found: scalars.count)
        }
        self.init(shape: shape) { _ = $0.initialize(fromContentsOf: Array(scalars)) }
    }

    /// The number of axes.
    public var rank: Int { shape.rank }
    /// The number of elements.
    public var elementCount: Int { shape.elementCount }

    /// Whether the elements lie without gaps in row-major order.
    public var isContiguous: Bool {
        guard elementCount > 0 else { return true }
        var expected = 1
        for axis in stride(from: rank - 1, through: 0, by: -1) where shape[axis] != 1 {
            if strides[axis] != expected { return false }
            expected *= shape[axis]
        }
        return true
    }

    /// The element at `indices`, one index an axis. For tests and small reads; loops use ``scalars`` or
    /// ``withUnsafeBuffer(_:)``.
    public subscript(indices: Int...) -> Float {
        precondition(indices.count == rank, "\(indices.count) indices for a tensor of rank \(rank)")
        var position = offset
        for axis in 0..<rank {
            precondition(
                indices[axis] >= 0 && indices[axis] < shape[axis], "index \(indices) outside \(shape)")
            position += indices[axis] * strides[axis]
        }
        return storage.baseAddress.load(fromByteOffset: position * MemoryLayout<Float>.stride, as: Float.self)
    }

    /// The elements in row-major order.
    public var scalars: [Float] { contiguous().withUnsafeBuffer { Array($0) } }
}

extension Tensor {
    /// Calls `body` with the elements in row-major order.
    ///
    /// - Precondition: ``isContiguous``.
    public func withUnsafeBuffer<R, E: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        precondition(isContiguous, "withUnsafeBuffer needs a contiguous tensor; strides are \(strides)")
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeBufferPointer(start: elementPointer, count: elementCount))
    }

    /// Calls `body` with the address of the first element; the caller follows ``strides``.
    package func withElementPointer<R, E: Error>(
        _ body: (UnsafePointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafePointer(elementPointer))
    }

    /// Calls `body` with the elements in row-major order, to be changed. Copies them first if another tensor
    /// shares the memory. Writes of this kind are not recorded: afterwards the tensor is detached.
    public mutating func withUnsafeMutableBuffer<R, E: Error>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        if !isWritableInPlace() { self = copy() }
        gradientNode = nil
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeMutableBufferPointer(start: elementPointer, count: elementCount))
    }

    /// Replaces the elements by those that `body` writes, in row-major order: in the same memory, so that
    /// `from` and `to` are one address, unless another tensor shares it. Not recorded: the tensor is
    /// detached.
    package mutating func rewrite(
        _ body: (_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>) -> Void
    ) {
        if isWritableInPlace() {
            withUnsafeMutableBuffer { body(UnsafePointer($0.baseAddress!), $0.baseAddress!) }
        } else {
            let source = contiguous()
            self = Tensor(shape: shape) { to in source.withElementPointer { body($0, to.baseAddress!) } }
        }
    }

    /// Whether both are the same view of the same memory, with the same node. (Equal numbers in other memory
    /// do not count.)
    package func isSameValue(as other: Tensor) -> Bool {
        storage === other.storage && offset == other.offset && shape == other.shape
            && strides == other.strides && gradientNode === other.gradientNode
    }

    /// Whether writing changes no other tensor and needs no copy.
    package mutating func isWritableInPlace() -> Bool { isContiguous && isUnshared() }

    /// Whether no other tensor refers to the storage.
    package mutating func isUnshared() -> Bool { storage.isOwned && isKnownUniquelyReferenced(&storage) }

    /// Calls `body` with the address of the first element, to write elements where they lie; the caller
    /// follows ``strides``. Like ``withUnsafeMutableBuffer(_:)`` it detaches the tensor.
    ///
    /// - Precondition: ``isUnshared()``.
    package mutating func withUnsharedElementPointer<R, E: Error>(
        _ body: (UnsafeMutablePointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        precondition(isUnshared(), "elements that another tensor refers to cannot be written")
        gradientNode = nil
        defer { withExtendedLifetime(storage) {} }
        return try body(elementPointer)
    }

    private var elementPointer: UnsafeMutablePointer<Float> {
        storage.baseAddress.assumingMemoryBound(to: Float.self) + offset
    }

    /// This tensor, or a copy of it without gaps.
    public func contiguous() -> Tensor { isContiguous ? self : copy() }

    private func copy() -> Tensor {
        var copy = Tensor(shape: shape) { destination in
            withElementPointer { source in
                gather(source, into: destination.baseAddress!)
            }
        }
        copy.gradientNode = gradientNode  // the same elements: their gradient is this tensor's
        return copy
    }

    /// Writes the elements in row-major order, on all threads where there is enough to share.
    private func gather(_ source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>) {
        guard elementCount > 0 else { return }
        guard rank > 0 else { return destination.initialize(to: source[0]) }
        let width = shape[rank - 1]
        forEachRowBlock(rows: elementCount / width, width: width) { first, count in
            gather(rows: first..<first + count, of: source, into: destination + first * width)
        }
    }

    /// A row, the innermost axis, is one run or one strided loop.
    private func gather(
        rows: Range<Int>, of source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>
    ) {
        let (width, step) = (shape[rank - 1], strides[rank - 1])
        var index = [Int](repeating: 0, count: rank - 1)
        var (from, rest) = (0, rows.lowerBound)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            index[axis] = rest % shape[axis]
            from += index[axis] * strides[axis]
            rest /= shape[axis]
        }
        for row in 0..<rows.count {
            let target = destination + row * width
            if step == 1 {
                target.initialize(from: source + from, count: width)
            } else {
                for column in 0..<width { (target + column).initialize(to: source[from + column * step]) }
            }
            for axis in stride(from: rank - 2, through: 0, by: -1) {
                index[axis] += 1
                from += strides[axis]
                if index[axis] < shape[axis] { break }
                from -= strides[axis] * shape[axis]
                index[axis] = 0
            }
        }
    }
}

extension Tensor: CustomStringConvertible {
    /// The shape and the first few elements.
    public var description: String {
        let shown = scalars.prefix(8).map { "\($0)" }.joined(separator: ", ")
        return "Tensor\(shape) [\(shown)\(elementCount > 8 ? ", …" : "")]"
    }
}
