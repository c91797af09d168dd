import AttentionJSON
import AttentionTensors

/// A GGUF file (versions 2 and 3), mapped into memory: metadata, and tensors that stay where they lie.
///
/// The whole header is checked before anything of it is handed out. A file may hold a vocabulary and no
/// tensors. A model in several files (`model-00001-of-00003.gguf`) is opened by its first one and is then one
/// model: the first file's metadata, and the tensors of all. See
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md for the format.
public struct GGUFFile: Sendable {
    /// A tensor's entry in the header.
    public struct Entry: Hashable, Sendable {
        /// The tensor's name.
        public let name: String
        /// The type of the elements; nil for a number that is not known.
        public let elementType: GGUFElementType?
        /// The number that the file has for the type.
        public let typeNumber: UInt32
        /// The extents, outermost first; files have them the other way round.
        public let shape: Shape
        /// The range of the tensor's bytes in the file. For an unknown type it reaches to the next tensor.
        public let byteRange: Range<Int>
        /// The index of the tensor's file in ``parts``.
        public internal(set) var part = 0

        /// The type's name, such as `q4_K`; its number where it is not known.
        public var typeName: String { elementType.map { "\($0)" } ?? "type \(typeNumber)" }
    }

    /// The path of the file, or of the first of several.
    public let path: String
    /// The files that hold the model: ``path``, and those that follow it.
    public let parts: [String]
    /// The version of the format.
    public let version: Int
    /// The alignment of tensors' offsets, in bytes.
    public let alignment: Int
    /// The metadata's keys in the file's order.
    public let keys: [String]
    /// The keys and values before the tensors.
    public let metadata: GGUFMetadata
    /// The tensors in the order in which the headers list them.
    public let entries: [Entry]

    /// The bytes of each part.
    let storages: [TensorStorage]
    private let places: [ExactString: Int]

    /// Opens the file, and those that hold the rest of the model, and checks their headers.
    ///
    /// - Parameter path: The file, the first of several, or a folder that holds one model and no
    ///   `config.json`.
    /// - Throws: ``ModelFileError`` if a file cannot be read or is not there, ``GGUFError`` if one is not
    ///   sound or not the part that its name says.
    public init(path: String) throws {
        let first = try GGUFPart(path: Self.file(at: path))
        try self.init([first] + first.others())
    }

    /// A file's content that is in memory already. It is copied once.
    ///
    /// - Parameters:
    ///   - content: the file's bytes: a whole model's.
    ///   - label: what errors call it; it becomes ``path``.
    /// - Throws: ``GGUFError`` if it is not sound.
    public init(content: [UInt8], label: String) throws(GGUFError) {
        let storage = content.withUnsafeBytes { TensorStorage(copying: $0) }
        let part = try GGUFPart(storage, path: label)
        guard try part.count() == 1 else {
            throw part.fault(GGUFPart.countKey, "a model in one file", "one of \(try part.count())")
        }
        try self.init([part])
    }

    private init(_ parts: [GGUFPart]) throws(GGUFError) {
        let first = parts[0]
        path = first.path
        self.parts = parts.map(\.path)
        version = first.header.version
        alignment = first.header.alignment
        keys = first.header.keys
        metadata = first.header.metadata
        storages = parts.map(\.storage)
        var (entries, places): ([Entry], [ExactString: Int]) = ([], [:])
        for (index, part) in parts.enumerated() {
            for var entry in part.header.entries {
                entry.part = index
                // Within a file the header has refused names that stand there twice.
                guard places.updateValue(entries.count, forKey: ExactString(entry.name)) == nil else {
                    throw GGUFError(
                        problem: .duplicateName, file: part.path, name: entry.name,
                        offset: entry.byteRange.lowerBound,
                        expected: "each tensor in one of the model's files",
                        found: "one that an earlier file holds too")
                }
                entries.append(entry)
            }
        }
        if parts.count > 1 {
            let expected = try first.number(GGUFPart.tensorCountKey)
            guard entries.count == expected else {
                throw first.fault(
                    GGUFPart.tensorCountKey, "\(entries.count), as many as the files hold", "\(expected)")
            }
        }
        (self.entries, self.places) = (entries, places)
    }

    /// Whether it is a model's, and not one of a vocabulary alone.
    var holdsTensors: Bool { !entries.isEmpty || metadata[GGUFPart.countKey] != nil }

    /// The entry of the tensor `name`; nil if the file holds none of that name.
    public func entry(named name: String) -> Entry? { places[ExactString(name)].map { entries[$0] } }
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
            problem: .missingKey, file: path, name: key, offset: nil, expected: expected,
            found: "nothing of this name")
    }

    private func read<Value>(
        _ key: String, _ expected: String, _ convert: (GGUFValue) -> Value?
    ) throws(GGUFError) -> Value? {
        guard let value = metadata[key] else { return nil }
        guard let converted = convert(value) else {
            let elements = value.array.map { " of \($0.elementKind)" } ?? ""
            throw GGUFError(
                problem: .valueType, file: path, name: key, offset: nil, expected: expected,
                found: "\(value.kind)\(elements)")
        }
        return converted
    }
}
