/// The extents of a tensor, outermost first.
///
/// One dimension legend serves the whole package: `B` batch, `Hq`/`Hkv` query and key/value heads,
/// `Nq`/`Nk` query and key positions, `D` head width, `Dv` value width, `M` model width,
/// `F` feed-forward width, `V` vocabulary, `L` layers.
public struct Shape: Hashable, Sendable {
    /// The number of elements along each axis, outermost first.
    public let extents: [Int]

    /// - Precondition: no extent is negative, and the element count fits in an `Int`.
    ///   Shapes that come from outside go through ``init(checking:)``.
    public init(_ extents: [Int]) {
        guard let shape = try? Shape(checking: extents) else {
            preconditionFailure("\(extents) is not a shape: an extent is negative or the product overflows")
        }
        self = shape
    }

    /// Makes a shape from unchecked extents, such as a file's.
    ///
    /// - Throws: ``TensorError/invalidShape(_:reason:)``.
    public init(checking extents: [Int]) throws(TensorError) {
        var count = 1
        for extent in extents {
            guard extent >= 0 else {
                throw .invalidShape(extents, reason: "an extent is negative")
            }
            // A zero elsewhere must not hide an overflow: strides are products of the other extents.
            let (product, overflow) = count.multipliedReportingOverflow(by: Swift.max(extent, 1))
            guard !overflow else {
                throw .invalidShape(
                    extents, reason: "the number of elements does not fit in \(Int.bitWidth) bits")
            }
            count = product
        }
        self.extents = extents
    }

    /// The number of axes.
    public var rank: Int { extents.count }

    /// The product of the extents; 1 for a scalar (rank 0).
    public var elementCount: Int { extents.reduce(1, *) }

    /// The strides, in elements, of a tensor of this shape without gaps.
    public var contiguousStrides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * Swift.max(extents[axis + 1], 1)
        }
        return strides
    }
}

extension Shape: RandomAccessCollection {
    public var startIndex: Int { extents.startIndex }
    public var endIndex: Int { extents.endIndex }
    public subscript(axis: Int) -> Int { extents[axis] }
}

extension Shape: ExpressibleByArrayLiteral, CustomStringConvertible {
    public init(arrayLiteral elements: Int...) { self.init(elements) }
    public var description: String { "[" + extents.map(String.init).joined(separator: ", ") + "]" }
}
