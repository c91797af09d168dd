/// Reads a JSON text (RFC 8259) piece by piece, front to back, in linear time.
///
/// It is stricter than most: a member named twice, half a surrogate pair, invalid UTF-8 and deep nesting
/// are errors, because two readers that settle them differently see two different files. It holds no tree,
/// so a hostile text cannot make it allocate much more than its own length.
///
///     var members = try scanner.openObject()
///     while let key = try scanner.nextKey(of: &members) { … read the value … }
package struct JSONScanner {
    /// How deep arrays and objects may lie inside each other. Honest files need fewer than twenty levels.
    package static let greatestDepth = 128
    /// The limit of a text, in bytes: places in it are kept in 31 bits.
    package static let greatestLength = Int(Int32.max)

    package let bytes: [UInt8]
    /// The place of the next byte to be read.
    package internal(set) var position = 0
    private var depth = 0

    /// - Precondition: there are at most ``greatestLength`` bytes.
    package init(_ bytes: [UInt8]) {
        precondition(bytes.count <= Self.greatestLength, "a JSON text must be shorter than 2 GiB")
        self.bytes = bytes
    }

    /// An object that is being read: the names seen so far.
    package struct Members {
        fileprivate var seen = JSONNames()
        /// Where the last name stands.
        package fileprivate(set) var keyOffset = 0
    }

    /// An array that is being read.
    package struct Elements {
        fileprivate var isFirst = true
    }

    package mutating func openObject() throws(JSONError) -> Members {
        try open(UInt8(ascii: "{"), expected: "an object")
        return Members()
    }

    /// The name of the object's next member, or nil at its end. The member's value must be read before the
    /// next call. Names are the same if their bytes are, escapes resolved.
    package mutating func nextKey(of members: inout Members) throws(JSONError) -> ExactString? {
        guard let name = try nextName(of: &members) else { return nil }
        return ExactString(name.text(in: bytes))
    }

    /// The same, with the name left where it stands.
    mutating func nextName(of members: inout Members) throws(JSONError) -> JSONString? {
        if try closes(with: UInt8(ascii: "}"), isFirst: members.seen.count == 0) { return nil }
        guard peek() == UInt8(ascii: "\"") else { throw unexpected("a member's name in quotes") }
        members.keyOffset = position
        let name = try scanString()
        guard members.seen.insert(name, in: bytes) else {
            throw .duplicate(ExactString(name.text(in: bytes)), at: members.keyOffset)
        }
        try expect(UInt8(ascii: ":"), "':'")
        return name
    }

    package mutating func openArray() throws(JSONError) -> Elements {
        try open(UInt8(ascii: "["), expected: "an array")
        return Elements()
    }

    /// Whether another element follows; it must be read before the next call.
    package mutating func nextElement(of elements: inout Elements) throws(JSONError) -> Bool {
        if try closes(with: UInt8(ascii: "]"), isFirst: elements.isFirst) { return false }
        elements.isFirst = false
        return true
    }

    /// Nothing but white space may follow the text's one value.
    package mutating func finish() throws(JSONError) {
        skipWhitespace()
        guard position == bytes.count else { throw unexpected("the end of the text") }
    }

    /// The first byte of the next value or mark, or nil at the end of the text.
    package mutating func peek() -> UInt8? {
        skipWhitespace()
        return position < bytes.count ? bytes[position] : nil
    }

    func unexpected(_ expected: String) -> JSONError {
        let found = position < bytes.count ? describe(byte: bytes[position]) : "the end of the text"
        return JSONError(problem: .syntax, offset: position, expected: expected, found: found)
    }

    private mutating func open(_ mark: UInt8, expected: String) throws(JSONError) {
        try expect(mark, expected)
        depth += 1
        guard depth <= Self.greatestDepth else {
            throw JSONError(
                problem: .depth, offset: position - 1, expected: "at most \(Self.greatestDepth) levels",
                found: "level \(depth)")
        }
    }

    /// Consumes the closing mark, or the comma before every member but the first.
    private mutating func closes(with mark: UInt8, isFirst: Bool) throws(JSONError) -> Bool {
        let next = peek()
        if next == mark {
            position += 1
            depth -= 1
            return true
        }
        if isFirst { return false }
        guard next == UInt8(ascii: ",") else { throw unexpected("',' or '\(Unicode.Scalar(mark))'") }
        position += 1
        return false
    }

    @inline(__always)
    private mutating func expect(_ byte: UInt8, _ expected: String) throws(JSONError) {
        guard peek() == byte else { throw unexpected(expected) }
        position += 1
    }

    @inline(__always)
    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }
}

extension JSONError {
    /// A name that stands twice in one object.
    package static func duplicate(_ name: ExactString, at offset: Int) -> JSONError {
        JSONError(
            problem: .duplicateKey, offset: offset, expected: "each name once",
            found: "\(quoted(name.string)) a second time")
    }
}
