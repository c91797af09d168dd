import AttentionTensors
import Foundation

/// A file of stored references: tensors under `case.name`, and each case's attributes as JSON.
public struct Fixture: Sendable {
    private let source: any WeightSource
    private let metadata: [String: String]

    /// - Parameters:
    ///   - source: The file's tensors.
    ///   - metadata: Its notes: `cases`, and for each case a JSON object.
    public init(_ source: any WeightSource, metadata: [String: String]) {
        self.source = source
        self.metadata = metadata
    }

    /// The cases whose names begin with `prefix`, in the file's order.
    public func cases<Attributes>(
        _ type: Attributes.Type = Attributes.self, prefix: String = ""
    ) throws -> [FixtureCase<Attributes>] {
        let names = try JSONDecoder().decode([String].self, from: Data((metadata["cases"] ?? "[]").utf8))
        return try names.filter { $0.hasPrefix(prefix) }.map { name in
            let attributes = try JSONDecoder().decode(
                Attributes.self, from: Data((metadata[name] ?? "{}").utf8))
            return FixtureCase(
                name: name, attributes: attributes, tensors: FixtureTensors(source.scoped(name)))
        }
    }
}

/// One case of a fixture.
public struct FixtureCase<Attributes: Decodable & Sendable>: Sendable, CustomStringConvertible {
    public let name: String
    public let attributes: Attributes
    public let tensors: FixtureTensors

    public var description: String { name }
}

/// No attributes.
public struct NoAttributes: Decodable, Sendable {}

/// A case's tensors, each in the type that a test wants it in.
public struct FixtureTensors: Sendable {
    public let source: ScopedWeights

    public init(_ source: ScopedWeights) { self.source = source }

    /// A tensor that is not there.
    public struct Missing: Error { let name: String }

    public func contains(_ name: String) -> Bool { source.contains(name) }

    public func stored(_ name: String) throws -> StoredTensor {
        guard let tensor = try source.storedTensor(named: name) else { throw Missing(name: name) }
        return tensor
    }

    /// The tensor as float32.
    public func tensor(_ name: String) throws -> Tensor { try stored(name).float32() }

    /// The tensor as float32, or nil if the case has none of this name.
    public func tensorIfPresent(_ name: String) throws -> Tensor? {
        contains(name) ? try tensor(name) : nil
    }

    /// The elements of a float64 tensor, exactly.
    public func doubles(_ name: String) throws -> [Double] {
        try elements(name, of: .float64, as: UInt64.self).map { Double(bitPattern: $0) }
    }

    /// The elements of an int64 tensor.
    public func integers(_ name: String) throws -> [Int] {
        try stored(name).int64s()
    }

    /// The elements of a boolean tensor.
    public func booleans(_ name: String) throws -> [Bool] {
        try elements(name, of: .bool, as: UInt8.self).map { $0 != 0 }
    }

    private func elements<Element: FixedWidthInteger>(
        _ name: String, of type: ElementType, as element: Element.Type
    ) throws -> [Element] {
        let stored = try stored(name)
        guard stored.elementType == type else {
            throw TensorError.unsupportedElementType(tensor: name, found: stored.elementType)
        }
        return stored.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: type.byteWidth).map {
                Element(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Element.self))
            }
        }
    }
}

extension StoredTensor {
    /// The elements of an int64 tensor.
    public func int64s() throws -> [Int] {
        guard elementType == .int64 else {
            throw TensorError.unsupportedElementType(tensor: name, found: elementType)
        }
        return withUnsafeBytes { bytes in
            (0..<shape.elementCount).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
        }
    }
}
