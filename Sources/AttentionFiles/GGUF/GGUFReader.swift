/// Reads numbers and texts one after the other, and never past the end.
struct GGUFReader {
    let bytes: UnsafeRawBufferPointer
    let file: String
    private(set) var position = 0
    /// The key or the tensor that is being read, for errors.
    var name: String?

    init(_ bytes: UnsafeRawBufferPointer, file: String) {
        self.bytes = bytes
        self.file = file
    }

    var remaining: Int { bytes.count - position }

    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type = Number.self
    ) throws(GGUFError) -> Number {
        let start = position
        try skip(MemoryLayout<Number>.size)
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: Number.self))
    }

    mutating func skip(_ count: Int) throws(GGUFError) {
        guard count <= remaining else {
            throw fault(.truncated, "\(count) more bytes", "\(remaining)")
        }
        position += count
    }

    /// A number of things, each of which takes at least so many bytes.
    mutating func count(_ what: String, ofAtLeast width: Int) throws(GGUFError) -> Int {
        let start = position
        let count: UInt64 = try number()
        let limit = remaining / width
        guard count <= UInt64(limit) else {
            throw fault(
                .truncated, "at most \(limit) \(what) in the \(remaining) bytes left", "\(count)", at: start)
        }
        return Int(count)
    }

    /// Passes a text over, and says where it lies.
    mutating func textRange() throws(GGUFError) -> Range<Int> {
        let length = try count("bytes of text", ofAtLeast: 1)
        let start = position
        try skip(length)
        return start..<position
    }

    mutating func text(limit: Int = .max) throws(GGUFError) -> String {
        let range = try textRange()
        guard range.count <= limit else {
            throw fault(
                .encoding, "a name of at most \(limit) bytes", "\(range.count)", at: range.lowerBound)
        }
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw fault(.encoding, "valid UTF-8", "bytes that are not", at: range.lowerBound)
        }
        return text
    }

    func fault(
        _ problem: GGUFError.Problem, _ expected: String, _ found: String, at offset: Int? = nil
    ) -> GGUFError {
        GGUFError(
            problem: problem, file: file, name: name, offset: offset ?? position, expected: expected,
            found: found)
    }
}

extension GGUFReader {
    mutating func value() throws(GGUFError) -> GGUFValue {
        switch try kind() {
        case .uint8: .uint8(try number())
        case .int8: .int8(try number())
        case .uint16: .uint16(try number())
        case .int16: .int16(try number())
        case .uint32: .uint32(try number())
        case .int32: .int32(try number())
        case .uint64: .uint64(try number())
        case .int64: .int64(try number())
        case .float32: .float32(Float(bitPattern: try number()))
        case .float64: .float64(Double(bitPattern: try number()))
        case .bool: .bool(try truth())
        case .string: .string(try text())
        case .array: .array(try array())
        }
    }

    private mutating func kind() throws(GGUFError) -> GGUFValue.Kind {
        let start = position
        let number: UInt32 = try number()
        guard let kind = GGUFValue.Kind(rawValue: number) else {
            throw fault(.valueType, "a type of value from 0 to 12", "\(number)", at: start)
        }
        return kind
    }

    private mutating func truth() throws(GGUFError) -> Bool {
        let start = position
        let byte: UInt8 = try number()
        guard byte <= 1 else { throw fault(.value, "0 or 1 as a truth value", "\(byte)", at: start) }
        return byte == 1
    }

    private mutating func array() throws(GGUFError) -> GGUFArray {
        let kindStart = position
        let kind = try kind()
        guard kind != .array else {
            throw fault(.valueType, "an array of numbers or texts", "an array of arrays", at: kindStart)
        }
        let count = try count("elements", ofAtLeast: kind.byteWidth ?? 8)
        let start = position
        if let width = kind.byteWidth {
            try skip(count * width)
        } else {
            for _ in 0..<count { _ = try textRange() }
        }
        return GGUFArray(elementKind: kind, count: count, bytes: Array(bytes[start..<position]))
    }
}
