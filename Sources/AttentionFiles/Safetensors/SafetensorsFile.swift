import AttentionTensors

/// A `.safetensors` file, mapped into memory. Its tensors are used where they lie in the file.
///
/// The whole header is checked before any tensor is handed out: every length, sign, product and sum, and
/// that the tensors fill the data without overlap or hole. See
/// https://huggingface.co/docs/safetensors/index#format for the format.
///
/// If another process makes the file shorter while it is mapped, reading from it raises SIGBUS, which
/// nobody can prevent from the reading side. ``SafetensorsWriter`` replaces files without that danger.
public struct SafetensorsFile: WeightSource {
    /// What the header says about one tensor.
    public struct Entry: Hashable, Sendable {
        public let name: String
        public let elementType: ElementType
        public let shape: Shape
        /// Where the tensor's bytes lie in the file.
        public let byteRange: Range<Int>
    }

    public let path: String
    /// The tensors in the order in which the header lists them.
    public let entries: [Entry]
    /// The file's free-form notes, such as `format: pt`.
    public let metadata: [String: String]

    private let storage: TensorStorage
    private let places: [String: Int]

    /// Opens the file and checks its header.
    ///
    /// - Throws: ``ModelFileError`` if the file cannot be read, ``SafetensorsError`` if it is not sound.
    public init(path: String) throws {
        let mapping = try MappedFile(path: path)
        try self.init(TensorStorage(borrowing: mapping.bytes, from: mapping, isMappedFile: true), path: path)
    }

    /// A file's content that is in memory already. It is copied once.
    ///
    /// - Parameters:
    ///   - content: the file's bytes.
    ///   - label: what errors call it; it becomes ``path``.
    /// - Throws: ``SafetensorsError`` if it is not sound.
    public init(content: [UInt8], label: String) throws {
        let storage = content.withUnsafeBytes { TensorStorage(copying: $0) }
        try self.init(storage, path: label)
    }

    private init(_ storage: TensorStorage, path: String) throws {
        let header = try SafetensorsHeader(of: storage, file: path)
        self.path = path
        self.storage = storage
        entries = header.entries
        metadata = header.metadata
        // The parser has refused names that stand there twice.
        places = Dictionary(uniqueKeysWithValues: zip(entries.lazy.map(\.name), entries.indices))
    }

    public var label: String { path }
    public var tensorNames: [String] { entries.map(\.name) }
    public func contains(_ name: String) -> Bool { places[name] != nil }

    /// What the header says about the tensor `name`, or nil if the file holds none of that name.
    public func entry(named name: String) -> Entry? { places[name].map { entries[$0] } }

    /// The tensor `name` with its bytes as they lie in the file; nothing is copied.
    public func storedTensor(named name: String) throws -> StoredTensor? {
        guard let entry = entry(named: name) else { return nil }
        return try StoredTensor(
            name: name, elementType: entry.elementType, shape: entry.shape, bytes: entry.byteRange,
            in: storage)
    }
}
