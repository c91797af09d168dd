import AttentionJSON

/// Where a model's weights come from: a file, a random start, a test's fixture.
///
/// Layers ask it for a name and a shape and know nothing else about it.
public protocol WeightSource: Sendable {
    /// The source's name in errors: a path, or a word.
    var label: String { get }
    /// The names of all tensors that the source holds.
    var tensorNames: [String] { get }
    /// The tensor of this name as it is stored, or nil if there is none.
    func storedTensor(named name: String) throws -> StoredTensor?
    /// Whether there is a tensor of this name.
    func contains(_ name: String) -> Bool
    /// The float32 tensor `name`, whose shape must be `shape`.
    ///
    /// - Throws: ``TensorError`` if it is missing, of another shape or not a number; the source's own errors.
    func tensor(_ name: String, shape: Shape) throws -> Tensor
}

// `contains` and `tensor` are requirements, with these as their usual answers, so that a source's own
// version (a dictionary's lookup, a full name in an error) is also found behind `any WeightSource`.
extension WeightSource {
    public func contains(_ name: String) -> Bool { tensorNames.contains(exactly: name) }

    public func tensor(_ name: String, shape: Shape) throws -> Tensor {
        guard let stored = try storedTensor(named: name) else {
            throw TensorError.missingTensor(name: name, source: label)
        }
        guard stored.shape == shape else {
            throw TensorError.shapeMismatch(
                tensor: "tensor '\(name)' of \(label)", expected: "\(shape)", found: stored.shape)
        }
        guard stored.byteCount <= mostCopiedBytes else { return try stored.float32() }
        defer { stored.releasePages() }
        // Other types than float32 are copied in any case.
        return try stored.elementType == .float32 ? stored.copied().float32() : stored.float32()
    }

    /// The same tensors as float32, so that a model in 16-bit floats or in blocks can be trained. Numbers of
    /// other types are copied as they are read.
    public func float32() -> Float32Weights { Float32Weights(base: self) }

    /// The part of this source whose names begin with `prefix` and a dot.
    public func scoped(_ prefix: String) -> ScopedWeights { ScopedWeights(base: self, prefix: prefix) }
}

/// A few numbers that stayed in a mapped file would keep up to 2 MiB of it in memory.
private let mostCopiedBytes = 1 << 16

/// A source's tensors under one prefix, named without it.
public struct ScopedWeights: WeightSource {
    let base: any WeightSource
    let prefix: String

    public var label: String { base.label }

    /// The tensor's name in the source itself.
    package func fullName(of name: String) -> String {
        let own = "\(prefix).\(name)"
        return (base as? ScopedWeights)?.fullName(of: own) ?? own
    }

    public var tensorNames: [String] {
        let start = ExactString("\(prefix).")
        return base.tensorNames.compactMap { ExactString($0).dropping(prefix: start) }
    }

    public func contains(_ name: String) -> Bool { base.contains("\(prefix).\(name)") }

    public func storedTensor(named name: String) throws -> StoredTensor? {
        try base.storedTensor(named: "\(prefix).\(name)")
    }

    public func tensor(_ name: String, shape: Shape) throws -> Tensor {
        try base.tensor("\(prefix).\(name)", shape: shape)
    }

    public func scoped(_ prefix: String) -> ScopedWeights {
        ScopedWeights(base: base, prefix: "\(self.prefix).\(prefix)")
    }
}

/// A source's tensors, converted to float32.
public struct Float32Weights: WeightSource {
    let base: any WeightSource

    public var label: String { base.label }
    public var tensorNames: [String] { base.tensorNames }
    public func contains(_ name: String) -> Bool { base.contains(name) }

    public func storedTensor(named name: String) throws -> StoredTensor? {
        guard let stored = try base.storedTensor(named: name), stored.elementType.isReduced else {
            return try base.storedTensor(named: name)
        }
        defer { stored.releasePages() }
        return StoredTensor(name: stored.name, try stored.float32())
    }

    public func tensor(_ name: String, shape: Shape) throws -> Tensor { try base.tensor(name, shape: shape) }
}

/// Weights held in memory: fixtures and small models made by hand. Their numbers alone count: a layer is
/// trained by watching its own parameters (``Parameterized/watchParameters(where:)``).
public struct InMemoryWeights: WeightSource {
    /// The name that errors give the source.
    public let label: String
    private let tensors: [ExactString: StoredTensor]
    /// The names of tensors that were watched, whose gradients would be lost.
    private let watched: Set<ExactString>

    /// Tensors in memory, by name.
    public init(label: String = "memory", _ tensors: [String: Tensor]) {
        self.label = label
        self.tensors = Dictionary(
            uniqueKeysWithValues: tensors.map { (ExactString($0.key), StoredTensor(name: $0.key, $0.value)) })
        watched = Set(tensors.lazy.filter(\.value.isWatched).map { ExactString($0.key) })
    }

    public var tensorNames: [String] { tensors.keys.sorted().map(\.string) }
    public func contains(_ name: String) -> Bool { tensors[ExactString(name)] != nil }

    /// - Throws: ``TensorError/noGradient(tensor:)`` for a tensor that is watched.
    public func storedTensor(named name: String) throws(TensorError) -> StoredTensor? {
        guard !watched.contains(ExactString(name)) else {
            throw .noGradient(tensor: "tensor '\(name)' of \(label)")
        }
        return tensors[ExactString(name)]
    }
}
