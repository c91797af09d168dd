/// Reads the fields of a message in Protocol Buffers' wire format.
///
/// - Note: https://protobuf.dev/programming-guides/encoding/
struct ProtobufReader {
    enum Value {
        case number(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private let file: String
    private var rest: ArraySlice<UInt8>

    /// - Parameter bytes: the whole message; its indices are the places that errors name.
    init(_ bytes: ArraySlice<UInt8>, file: String) {
        rest = bytes
        self.file = file
    }

    /// The next field's number and value; nil at the end.
    mutating func next() throws(TokenizerError) -> (field: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let start = rest.startIndex
        let key = try varint()
        guard key >> 3 >= 1, key >> 3 <= 0x1FFF_FFFF else {
            throw damage(start, "a field's number is \(key >> 3)")
        }
        let field = Int(key >> 3)
        switch key & 7 {
        case 0: return (field, .number(try varint()))
        case 1: return (field, .fixed64(Self.number(try take(8))))
        case 2:
            let length = try varint()
            guard length <= UInt64(rest.count) else {
                throw damage(start, "field \(field) has \(length) bytes, and \(rest.count) are left")
            }
            return (field, .bytes(try take(Int(length))))
        case 5: return (field, .fixed32(UInt32(Self.number(try take(4)))))
        default: throw damage(start, "field \(field) has the unknown type \(key & 7)")
        }
    }

    private mutating func varint() throws(TokenizerError) -> UInt64 {
        let start = rest.startIndex
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw damage(start, "a number is cut off") }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw damage(start, "a number has more than ten bytes")
    }

    private mutating func take(_ count: Int) throws(TokenizerError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw damage(rest.startIndex, "it ends within a field") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func damage(_ offset: Int, _ reason: String) -> TokenizerError {
        .invalidData(file: file, offset: offset, reason: reason)
    }
}
