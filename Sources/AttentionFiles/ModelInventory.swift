import AttentionJSON
import AttentionTensors

/// The contents of a model's files: metadata, and every tensor's name, type, shape and size. No data is read.
public struct ModelInventory: Sendable {
    /// A tensor as it is stored.
    public struct Tensor: Hashable, Sendable {
        /// The tensor's name.
        public let name: String
        /// The format's own name of the type.
        public let elementType: String
        /// The extents, outermost first.
        public let shape: Shape
        /// The bytes that the tensor takes in the file.
        public let byteCount: Int
    }

    /// `GGUF 3`, `GGUF 3 in 4 files`, `safetensors`
    public let format: String
    /// The path of the file or the folder.
    public let path: String
    /// The model's kind, such as `llama`; nil where nothing says it.
    public let architecture: String?
    /// The metadata in the file's order, each value in a few words.
    public let metadata: [(key: String, value: String)]
    /// All tensors, in the file's order.
    public let tensors: [Tensor]

    /// The number of all weights.
    public var elementCount: Int { tensors.reduce(0) { $0 + $1.shape.elementCount } }
    /// The bytes that all tensors take.
    public var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }
    /// Nil without tensors.
    public var bitsPerWeight: Double? {
        elementCount == 0 ? nil : 8 * Double(byteCount) / Double(elementCount)
    }

    /// The tensors, the weights and the bytes of each type, the largest share first.
    public var types: [(elementType: String, tensors: Int, elements: Int, bytes: Int)] {
        Dictionary(grouping: tensors) { ExactString($0.elementType) }.map { type, tensors in
            (
                elementType: type.string, tensors: tensors.count,
                elements: tensors.reduce(0) { $0 + $1.shape.elementCount },
                bytes: tensors.reduce(0) { $0 + $1.byteCount }
            )
        }.sorted { ($0.bytes, ExactString($1.elementType)) > ($1.bytes, ExactString($0.elementType)) }
    }

    /// - Parameter path: A GGUF file, the first of several, a `.safetensors` file, or a model's folder.
    /// - Throws: ``ModelFileError``, ``GGUFError``, ``SafetensorsError``.
    public init(path: String) throws {
        if ModelFile.isOne(at: path) {
            try self.init(ModelFile(path: path))
        } else {
            guard try ExactString(path).hasSuffix(".safetensors") || SafetensorsFile.mayBeOne(at: path) else {
                throw ModelFileError.unknownFormat(
                    file: path, expected: "a GGUF file, a .safetensors file or a model's folder")
            }
            let file = try SafetensorsFile(path: path)
            self.init(
                format: "safetensors", path: path, architecture: nil, metadata: file.summary,
                tensors: file.entries.map(Tensor.init))
        }
    }

    /// - Throws: As ``init(path:)``.
    public init(_ file: ModelFile) throws {
        switch file.container {
        case .folder(let folder): try self.init(folder, file.weights())
        case .gguf(let file): self.init(file)
        }
    }

    private init(
        format: String, path: String, architecture: String?, metadata: [(key: String, value: String)],
        tensors: [Tensor]
    ) {
        self.format = format
        self.path = path
        self.architecture = architecture
        self.metadata = metadata
        self.tensors = tensors
    }

    private init(_ file: GGUFFile) {
        self.init(
            format: "GGUF \(file.version)" + (file.parts.count > 1 ? " in \(file.parts.count) files" : ""),
            path: file.path,
            architecture: file.metadata[GGUFKey.architecture]?.string,
            metadata: file.keys.map { key in (key: key, value: file.metadata[key]?.summary ?? "") },
            tensors: file.entries.map { entry in
                Tensor(
                    name: entry.name, elementType: entry.typeName, shape: entry.shape,
                    byteCount: entry.byteRange.count)
            })
    }

    private init(_ folder: ModelFolder, _ weights: any WeightSource) throws {
        var metadata: [(key: String, value: String)] = []
        var architecture: String?
        if folder.path(ofFile: "config.json") != nil {
            let config = try folder.json("config.json")
            architecture = config["model_type"]?.stringValue
            for member in config.members.map(Array.init) ?? [] {
                metadata.append((key: member.name.string, value: member.value.summary))
            }
        }
        let entries = (weights as? SafetensorsFile)?.entries ?? (weights as? ShardedWeights)?.entries ?? []
        self.init(
            format: "safetensors", path: folder.path, architecture: architecture, metadata: metadata,
            tensors: entries.map(Tensor.init))
    }
}

extension ModelInventory.Tensor {
    fileprivate init(_ entry: SafetensorsFile.Entry) {
        self.init(
            name: entry.name, elementType: entry.elementType.rawValue, shape: entry.shape,
            byteCount: entry.byteRange.count)
    }
}

extension SafetensorsFile {
    /// Whether a file may begin as these files do: the header's length, then the header, in JSON.
    ///
    /// - Throws: ``ModelFileError`` for what cannot be read, and for an empty file.
    fileprivate static func mayBeOne(at path: String) throws(ModelFileError) -> Bool {
        let mapping = try MappedFile(path: path)
        defer { withExtendedLifetime(mapping) {} }
        return mapping.bytes.count > 8 && mapping.bytes[8] == UInt8(ascii: "{")
    }

    fileprivate var summary: [(key: String, value: String)] {
        notes.sorted { $0.key < $1.key }.map { (key: $0.key.string, value: abbreviated($0.value)) }
    }
}

extension GGUFValue {
    /// The value in a few words: long texts cut, of arrays the first elements and the count.
    fileprivate var summary: String {
        switch self {
        case .uint8(let value): "\(value)"
        case .int8(let value): "\(value)"
        case .uint16(let value): "\(value)"
        case .int16(let value): "\(value)"
        case .uint32(let value): "\(value)"
        case .int32(let value): "\(value)"
        case .uint64(let value): "\(value)"
        case .int64(let value): "\(value)"
        case .float32(let value): "\(value)"
        case .float64(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .string(let value): abbreviated(value)
        case .array(let array): array.summary
        }
    }
}

extension GGUFArray {
    fileprivate var summary: String {
        let shown = 5
        let first = firstElements(shown)
        return "[\(first.joined(separator: ", "))\(count > first.count ? ", …" : "")] (\(count))"
    }

    private func firstElements(_ limit: Int) -> [String] {
        let few = prefix(limit)
        if let strings = few.strings { return strings.map { "\"\(abbreviated($0, limit: 24))\"" } }
        if let integers = few.integers { return integers.map { "\($0)" } }
        if let floats = few.floats { return floats.map { "\($0)" } }
        if let bools = few.bools { return bools.map { "\($0)" } }
        return []
    }
}

extension JSONValue {
    /// The value in a few words: of arrays and objects the first entries.
    fileprivate var summary: String {
        if let text = stringValue { return abbreviated(text) }
        if let elements {
            let shown = elements.prefix(5).map(\.summary)
            return abbreviated(
                "[\(shown.joined(separator: ", "))\(elements.count > 5 ? ", …" : "")]", limit: 200)
        }
        if let members {
            let shown = members.prefix(20).map { "\($0.name): \($0.value.summary)" }
            return abbreviated("{\(shown.joined(separator: ", "))}", limit: 400)
        }
        return description
    }
}

/// The beginning of a text of more than `limit` characters.
private func abbreviated(_ text: String, limit: Int = 100) -> String {
    // A prefix of scalars: a character of a hostile text can be as long as the text.
    let scalars = text.unicodeScalars.prefix(limit + 1)
    return scalars.count > limit ? String(String.UnicodeScalarView(scalars.dropLast())) + "…" : text
}
