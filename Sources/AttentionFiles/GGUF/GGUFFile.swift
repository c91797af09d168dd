import AttentionTensors

/// A GGUF file (versions 2 and 3), mapped into memory: metadata, and tensors that stay where they lie.
///
/// The whole header is checked before anything of it is handed out. A file may hold a vocabulary and no
/// tensors. See https://github.com/ggml-org/ggml/blob/master/docs/gguf.md for the format.
public struct GGUFFile: Sendable {
    /// What the header says about one tensor.
    public struct Entry: Hashable, Sendable {
        public let name: String
        public let elementType: GGUFElementType
        /// The extents, outermost first; files have them the other way round.
        public let shape: Shape
        /// Where the tensor's bytes lie in the file.
        public let byteRange: Range<Int>
    }

    public let path: String
    /// The version of the format.
    public let version: Int
    /// What tensors' offsets are multiples of, in bytes.
    public let alignment: Int
    /// The metadata's keys in the file's order.
    public let keys: [String]
    public let metadata: [String: GGUFValue]
    /// The tensors in the order in which the header lists them.
    public let entries: [Entry]

    let storage: TensorStorage
    private let places: [String: Int]

    /// Opens the file and checks its header.
    ///
    /// - Throws: ``ModelFileError`` if the file cannot be read, ``GGUFError`` if it is not sound.
    public init(path: String) throws {
        let mapping = try MappedFile(path: path)
        try self.init(TensorStorage(borrowing: mapping.bytes, from: mapping, isMappedFile: true), path: path)
    }

    /// A file's content that is in memory already. It is copied once.
    ///
    /// - Parameters:
    ///   - content: the file's bytes.
    ///   - label: what errors call it; it becomes ``path``.
    /// - Throws: ``GGUFError`` if it is not sound.
    public init(content: [UInt8], label: String) throws(GGUFError) {
        let storage = TensorStorage(byteCount: content.count)
        content.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: storage.baseAddress, count: $0.count).copyMemory(from: $0)
        }
        try self.init(storage, path: label)
    }

    private init(_ storage: TensorStorage, path: String) throws(GGUFError) {
        defer { withExtendedLifetime(storage) {} }
        let bytes = UnsafeRawBufferPointer(start: storage.baseAddress, count: storage.byteCount)
        let header = try GGUFHeader(bytes, file: path)
        self.path = path
        self.storage = storage
        version = header.version
        alignment = header.alignment
        keys = header.keys
        metadata = header.metadata
        entries = header.entries
        // The header has refused names that stand there twice.
        places = Dictionary(uniqueKeysWithValues: zip(entries.lazy.map(\.name), entries.indices))
    }

    /// Whether a regular file begins as GGUF files do.
    public static func isOne(at path: String) -> Bool {
        guard let mapping = try? MappedFile(path: path) else { return false }
        return mapping.bytes.starts(with: "GGUF".utf8)
    }

    /// What the header says about the tensor `name`, or nil if the file holds none of that name.
    public func entry(named name: String) -> Entry? { places[name].map { entries[$0] } }
}

/// Values by what they must be. An absent key is nil; one of another type throws.
extension GGUFFile {
    /// - Throws: ``GGUFError``.
    public func string(_ key: String) throws(GGUFError) -> String? { try read(key, "a text") { $0.string } }

    /// - Throws: ``GGUFError``.
    public func integer(_ key: String) throws(GGUFError) -> Int? {
        try read(key, "a whole number below 2^63") { $0.integer }
    }

    /// - Throws: ``GGUFError``.
    public func double(_ key: String) throws(GGUFError) -> Double? { try read(key, "a number") { $0.double } }

    /// - Throws: ``GGUFError``.
    public func bool(_ key: String) throws(GGUFError) -> Bool? { try read(key, "true or false") { $0.bool } }

    /// - Throws: ``GGUFError``.
    public func strings(_ key: String) throws(GGUFError) -> [String]? {
        try read(key, "an array of texts in UTF-8") { $0.array?.strings }
    }

    /// - Throws: ``GGUFError``.
    public func integers(_ key: String) throws(GGUFError) -> [Int]? {
        try read(key, "an array of whole numbers") { $0.array?.integers }
    }

    /// - Throws: ``GGUFError``.
    public func floats(_ key: String) throws(GGUFError) -> [Float]? {
        try read(key, "an array of floating-point numbers") { $0.array?.floats }
    }

    /// The error for a key that is needed and absent.
    package func missing(_ key: String, expected: String) -> GGUFError {
        GGUFError(
            problem: .missingKey, file: path, name: key, offset: 0, expected: expected,
            found: "nothing of this name")
    }

    private func read<Value>(
        _ key: String, _ expected: String, _ convert: (GGUFValue) -> Value?
    ) throws(GGUFError) -> Value? {
        guard let value = metadata[key] else { return nil }
        guard let converted = convert(value) else {
            let elements = value.array.map { " of \($0.elementKind)" } ?? ""
            throw GGUFError(
                problem: .valueType, file: path, name: key, offset: 0, expected: expected,
                found: "\(value.kind)\(elements)")
        }
        return converted
    }
}
