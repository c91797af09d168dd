/// Checks a JSON text in one pass and writes its index.
struct JSONScanner {
    struct Failure: Error {
        let offset: Int
        let reason: String
    }

    static let deepestNesting = 128

    let bytes: [UInt8]
    private var position = 0
    private var nodes: [JSONDocument.Node] = []
    /// The containers that are open, by node.
    private var open: [Int] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func scan() throws(Failure) -> [JSONDocument.Node] {
        guard bytes.count < Int(Int32.max) else { throw failure("the text is larger than 2 GiB") }
        if let offset = firstInvalidUTF8() { throw Failure(offset: offset, reason: "not valid UTF-8") }
        nodes.reserveCapacity(bytes.count / 8 + 16)
        repeat {
            try scanValue()
            try closeContainers()
        } while !open.isEmpty
        skipSpace()
        guard position == bytes.count else { throw failure("something follows the value") }
        return nodes
    }

    private func failure(_ reason: String) -> Failure { Failure(offset: position, reason: reason) }

    private func firstInvalidUTF8() -> Int? {
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        return offset
    }

    @inline(__always)
    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20,
            [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position])
        { position += 1 }
    }

    @inline(__always)
    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    // MARK: Containers

    /// Scans a value up to the first one in it that is not a container with something in it.
    private mutating func scanValue() throws(Failure) {
        skipSpace()
        guard position < bytes.count else { throw failure("the text ends where a value is expected") }
        switch bytes[position] {
        case UInt8(ascii: "{"): try openContainer(.object)
        case UInt8(ascii: "["): try openContainer(.array)
        case UInt8(ascii: "\""): try scanString()
        case UInt8(ascii: "t"): try scanWord("true", .true)
        case UInt8(ascii: "f"): try scanWord("false", .false)
        case UInt8(ascii: "n"): try scanWord("null", .null)
        default: try scanNumber()
        }
    }

    private mutating func openContainer(_ kind: JSONDocument.Kind) throws(Failure) {
        guard open.count < Self.deepestNesting else {
            throw failure("nested deeper than \(Self.deepestNesting) levels")
        }
        open.append(nodes.count)
        append(kind, from: position, to: position)
        position += 1
        skipSpace()
        if accept(kind == .object ? "}" : "]") {
            close()
        } else if kind == .object {
            try scanKey()
            try scanValue()
        } else {
            try scanValue()
        }
    }

    /// After a value: closes what ends here, and reads on to where the next value begins.
    private mutating func closeContainers() throws(Failure) {
        while let container = open.last {
            skipSpace()
            let isObject = nodes[container].kind == .object
            if accept(",") {
                if isObject {
                    skipSpace()
                    try scanKey()
                }
                return
            }
            guard accept(isObject ? "}" : "]") else {
                throw failure(isObject ? "expected ',' or '}'" : "expected ',' or ']'")
            }
            close()
        }
    }

    private mutating func close() {
        let container = open.removeLast()
        nodes[container].end = Int32(position)
        nodes[container].next = Int32(nodes.count)
    }

    private mutating func scanKey() throws(Failure) {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            throw failure("expected a key in quotes")
        }
        try scanString()
        skipSpace()
        guard accept(":") else { throw failure("expected ':'") }
    }

    private mutating func append(_ kind: JSONDocument.Kind, from start: Int, to end: Int) {
        nodes.append(.init(kind: kind, start: Int32(start), end: Int32(end), next: Int32(nodes.count + 1)))
    }

    // MARK: Scalars

    private mutating func scanWord(_ word: StaticString, _ kind: JSONDocument.Kind) throws(Failure) {
        let end = position + word.utf8CodeUnitCount
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard end <= bytes.count, bytes[position..<end].elementsEqual(expected) else {
            throw failure("expected a value")
        }
        append(kind, from: position, to: end)
        position = end
    }

    private mutating func scanNumber() throws(Failure) {
        let start = position
        _ = accept("-")
        if !accept("0") { try scanDigits() }
        if accept(".") { try scanDigits() }
        if accept("e") || accept("E") {
            if !accept("+") { _ = accept("-") }
            try scanDigits()
        }
        append(.number, from: start, to: position)
    }

    private mutating func scanDigits() throws(Failure) {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        guard position > start else { throw failure("expected a value") }
    }

    private mutating func scanString() throws(Failure) {
        position += 1
        let start = position
        var kind = JSONDocument.Kind.string
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                append(kind, from: start, to: position)
                position += 1
                return
            }
            if byte == UInt8(ascii: "\\") {
                kind = .escapedString
                try scanEscape()
            } else if byte < 0x20 {
                throw failure("a control character in a string")
            } else {
                position += 1
            }
        }
        throw failure("the text ends within a string")
    }

    private mutating func scanEscape() throws(Failure) {
        guard position + 1 < bytes.count else { throw failure("the text ends within a string") }
        switch bytes[position + 1] {
        case UInt8(ascii: "u"):
            let start = position
            let unit = try scanUnit()
            if UTF16.isTrailSurrogate(unit) { throw Failure(offset: start, reason: "a lone surrogate") }
            guard UTF16.isLeadSurrogate(unit) else { return }
            guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u"), UTF16.isTrailSurrogate(try scanUnit())
            else { throw Failure(offset: start, reason: "a lone surrogate") }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        default:
            throw failure("an unknown escape in a string")
        }
    }

    /// Reads `\uXXXX`.
    private mutating func scanUnit() throws(Failure) -> UInt16 {
        guard position + 6 <= bytes.count,
            bytes[position + 2..<position + 6].allSatisfy({ Self.hexadecimal($0) != nil })
        else { throw failure("expected four hexadecimal digits after \\u") }
        defer { position += 6 }
        return Self.unit(bytes[position + 2..<position + 6])
    }
}
