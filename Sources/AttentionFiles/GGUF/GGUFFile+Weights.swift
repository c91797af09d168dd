import AttentionTensors

/// The tensors under the names that the file gives them (`blk.0.attn_q.weight`), used where they lie.
extension GGUFFile: WeightSource {
    public var label: String { path }
    public var tensorNames: [String] { entries.map(\.name) }
    public func contains(_ name: String) -> Bool { entry(named: name) != nil }

    /// The tensor `name` with its bytes as they lie in the file; nothing is copied.
    ///
    /// - Throws: ``GGUFError`` if its elements are of a type that is not computed with.
    public func storedTensor(named name: String) throws -> StoredTensor? {
        guard let entry = entry(named: name) else { return nil }
        guard let elementType = entry.elementType?.elementType else {
            throw GGUFError(
                problem: .elementType, file: parts[entry.part], name: name,
                offset: entry.byteRange.lowerBound,
                expected: "one of \(GGUFElementType.readable)", found: entry.typeName)
        }
        return try StoredTensor(
            name: name, elementType: elementType, shape: entry.shape, bytes: entry.byteRange,
            in: storages[entry.part])
    }
}

extension GGUFElementType {
    /// The type in which tensors are computed with; nil where there is none.
    public var elementType: ElementType? {
        switch self {
        case .f64: .float64
        case .f32: .float32
        case .f16: .float16
        case .bf16: .bfloat16
        case .q8_0: .q8_0
        case .q4_0: .q4_0
        case .q4_1: .q4_1
        case .q5_0: .q5_0
        case .q5_1: .q5_1
        case .q2_K: .q2_K
        case .q3_K: .q3_K
        case .q4_K: .q4_K
        case .q5_K: .q5_K
        case .q6_K: .q6_K
        case .i64: .int64
        case .i32: .int32
        case .i16: .int16
        case .i8: .int8
        default: nil
        }
    }

    /// The type of a file's elements that is computed with as `elementType`; nil where there is none.
    public init?(_ elementType: ElementType) {
        guard let match = Self.allCases.first(where: { $0.elementType == elementType }) else { return nil }
        self = match
    }

    fileprivate static var readable: String {
        allCases.filter { $0.elementType != nil }.map { "\($0)" }.joined(separator: ", ")
    }
}
