import AttentionJSON
import AttentionTensors

/// Reads a header's JSON entry by entry and checks each entry by itself.
struct SafetensorsHeaderParser {
    /// NumPy's and PyTorch's limit; it keeps a hostile shape from growing without bound.
    private static let greatestRank = 64

    private var scanner: JSONScanner
    private let file: String
    /// The range of the data in the file.
    private let data: Range<Int>
    /// The tensor whose entry is being read; errors name it.
    private var tensor: String?

    init(_ header: [UInt8], data: Range<Int>, file: String) {
        scanner = JSONScanner(header)
        self.data = data
        self.file = file
    }

    mutating func parse() throws -> ([SafetensorsFile.Entry], [ExactString: String]) {
        do {
            return try readHeader()
        } catch let error as JSONError {
            throw fault(
                Self.problem(of: error), at: error.offset, expected: error.expected, found: error.found)
        }
    }

    private static func problem(of error: JSONError) -> SafetensorsError.Problem {
        switch error.problem {
        case .encoding: .encoding
        case .duplicateKey: .duplicateName
        case .syntax, .depth, .number, .length: .headerSyntax
        }
    }

    private mutating func readHeader() throws -> ([SafetensorsFile.Entry], [ExactString: String]) {
        guard let first = scanner.bytes.first, first == UInt8(ascii: "{") else {
            let found = scanner.bytes.first.map(describe(byte:)) ?? "nothing"
            throw fault(.headerSyntax, at: 0, expected: "'{'", found: found)
        }
        var entries: [SafetensorsFile.Entry] = []
        var metadata: [ExactString: String] = [:]
        var members = try scanner.openObject()
        while let key = try scanner.nextKey(of: &members) {
            let name = key.string
            if key == ExactString(SafetensorsHeader.metadataKey) {
                metadata = try readMetadata()
            } else {
                tensor = name
                entries.append(try readEntry(name))
                tensor = nil
            }
        }
        try scanner.finish()
        return (entries, metadata)
    }

    private mutating func readMetadata() throws -> [ExactString: String] {
        var metadata: [ExactString: String] = [:]
        var members = try scanner.openObject()
        while let key = try scanner.nextKey(of: &members) {
            // The scanner refuses a key that stands there twice.
            metadata[key] = try scanner.string()
        }
        return metadata
    }

    private mutating func readEntry(_ name: String) throws -> SafetensorsFile.Entry {
        var elementType: SafetensorsElementType?
        var shape: Shape?
        var bytes: Range<Int>?
        _ = scanner.peek()
        let start = scanner.position
        var members = try scanner.openObject()
        while let key = try scanner.nextKey(of: &members) {
            switch key {
            case "dtype": elementType = try readElementType()
            case "shape": shape = try readShape()
            case "data_offsets": bytes = try readOffsets()
            default:
                throw fault(
                    .entry, at: scanner.position, expected: "only dtype, shape and data_offsets",
                    found: quoted(key.string))
            }
        }
        guard let elementType, let shape, let bytes else {
            let missing = elementType == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
            throw fault(.entry, at: start, expected: "dtype, shape and data_offsets", found: "no \(missing)")
        }
        let needed = elementType.byteCount(of: shape)
        guard bytes.count == needed else {
            throw fault(
                .offsets, at: start,
                expected:
                    "\(needed.map(String.init) ?? "fewer") bytes for \(shape) of \(elementType.rawValue)",
                found: "\(bytes.count)")
        }
        return .init(name: name, elementType: elementType, shape: shape, byteRange: bytes)
    }

    private mutating func readElementType() throws -> SafetensorsElementType {
        _ = scanner.peek()
        let start = scanner.position
        let name = try scanner.string()
        guard let elementType = SafetensorsElementType(exactly: name) else {
            throw fault(
                .elementType, at: start, expected: "one of \(SafetensorsElementType.names)",
                found: quoted(name))
        }
        return elementType
    }

    private mutating func readShape() throws -> Shape {
        let (start, extents) = try readCounts(
            atMost: Self.greatestRank, .shape, expected: "at most \(Self.greatestRank) extents")
        do throws(TensorError) {
            return try Shape(checking: extents)
        } catch {
            throw fault(
                .shape, at: start, expected: "extents whose product fits in \(Int.bitWidth) bits",
                found: "\(extents)")
        }
    }

    /// The tensor's bytes, relative to the start of the file.
    private mutating func readOffsets() throws -> Range<Int> {
        let (start, offsets) = try readCounts(atMost: 2, .offsets, expected: "two offsets")
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw fault(
                .offsets, at: start, expected: "two offsets, the smaller one first", found: "\(offsets)")
        }
        guard offsets[1] <= data.count else {
            throw fault(
                .truncated, at: start, expected: "offsets within the file's \(data.count) bytes of data",
                found: "\(offsets)")
        }
        return data.lowerBound + offsets[0]..<data.lowerBound + offsets[1]
    }

    /// An array of at most `limit` integers that are not negative, and where it begins.
    private mutating func readCounts(
        atMost limit: Int, _ problem: SafetensorsError.Problem, expected: String
    ) throws -> (start: Int, counts: [Int]) {
        _ = scanner.peek()
        let start = scanner.position
        var counts: [Int] = []
        var elements = try scanner.openArray()
        while try scanner.nextElement(of: &elements) {
            guard counts.count < limit else {
                throw fault(problem, at: start, expected: expected, found: "more")
            }
            do throws(JSONError) {
                counts.append(try scanner.count())
            } catch {
                throw fault(problem, at: error.offset, expected: error.expected, found: error.found)
            }
        }
        return (start, counts)
    }

    /// - Parameter offset: the place in the header.
    private func fault(
        _ problem: SafetensorsError.Problem, at offset: Int, expected: String, found: String
    ) -> SafetensorsError {
        SafetensorsError(
            problem: problem, file: file, tensor: tensor, offset: 8 + offset, expected: expected, found: found
        )
    }
}
