import AttentionJSON
import AttentionTensors

/// A `.safetensors` file, mapped into memory. Its tensors are used where they lie in the file.
///
/// The whole header is checked before any tensor is handed out: every length, sign, product and sum, and
/// that the tensors fill the data without overlap or hole. See
/// https://huggingface.co/docs/safetensors/index#format for the format.
///
/// If another process makes the file shorter while it is mapped, reading from it raises SIGBUS. No reader can
/// prevent that. ``SafetensorsWriter`` replaces files without that danger.
public struct SafetensorsFile: WeightSource {
    /// A tensor's entry in the header.
    public struct Entry: Hashable, Sendable {
        /// The tensor's name.
        public let name: String
        /// The form of its elements.
        public let elementType: SafetensorsElementType
        /// The extents, outermost first.
        public let shape: Shape
        /// The range of the tensor's bytes in the file.
        public let byteRange: Range<Int>
    }

    /// The file's path.
    public let path: String
    /// The tensors in the order in which the header lists them.
    public let entries: [Entry]
    /// The file's free-form notes, such as `format: pt`. Of two names that are one to `String`, such as é in
    /// one scalar and in two, the first by its scalars is there.
    public let metadata: [String: String]
    /// All of the notes.
    package let notes: [ExactString: String]

    private let storage: TensorStorage
    private let places: [ExactString: Int]

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
        notes = header.metadata
        // exact-text: the view for callers, who have dictionaries of String.
        metadata = Dictionary(notes.sorted { $0.key < $1.key }.map { ($0.key.string, $0.value) }) {
            first, _ in first
        }
        // The parser has refused names that stand there twice.
        places = Dictionary(
            uniqueKeysWithValues: zip(entries.lazy.map { ExactString($0.name) }, entries.indices))
    }

    public var label: String { path }
    public var tensorNames: [String] { entries.map(\.name) }
    public func contains(_ name: String) -> Bool { places[ExactString(name)] != nil }

    /// The entry of the tensor `name`; nil if the file holds none of that name.
    public func entry(named name: String) -> Entry? { places[ExactString(name)].map { entries[$0] } }

    /// The tensor `name` with its bytes as they lie in the file; nothing is copied.
    ///
    /// - Throws: ``SafetensorsError`` if its elements are of a type that is not computed with.
    public func storedTensor(named name: String) throws -> StoredTensor? {
        guard let entry = entry(named: name) else { return nil }
        guard let elementType = entry.elementType.elementType else {
            throw SafetensorsError(
                problem: .elementType, file: path, tensor: name, offset: entry.byteRange.lowerBound,
                expected: "one of \(SafetensorsElementType.readableNames)",
                found: entry.elementType.rawValue)
        }
        return try StoredTensor(
            name: name, elementType: elementType, shape: entry.shape, bytes: entry.byteRange,
            in: storage)
    }
}
