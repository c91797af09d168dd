/// A whole JSON text (RFC 8259) with an index over its values.
///
/// A vocabulary is one object of a hundred thousand members, and loading it is most of a tokenizer's
/// start. So the values stay where they are in the text and are decoded when asked for; the index says
/// where they begin and end. The whole text is checked when the index is made.
package final class JSONDocument: Sendable {
    enum Kind: UInt8 {
        case object, array, string, escapedString, number, `true`, `false`, null
    }

    struct Node {
        var kind: Kind
        /// The value's bytes; without the quotes for a string.
        var start, end: Int32
        /// The index of the first node after this value and everything in it.
        var next: Int32
    }

    /// The text's name in errors.
    package let name: String
    let bytes: [UInt8]
    /// The values in the order of the text. An object's members are two nodes each, name and value.
    let nodes: [Node]

    /// Checks and indexes a text.
    ///
    /// - Parameter name: the text's name in errors, such as the path of its file.
    /// - Throws: ``JSONError`` unless the bytes are exactly one value.
    package init(_ bytes: [UInt8], name: String) throws(JSONError) {
        guard bytes.count <= JSONScanner.greatestLength else {
            throw JSONError(
                problem: .length, offset: 0, expected: "at most \(JSONScanner.greatestLength) bytes",
                found: "\(bytes.count)")
        }
        var indexer = JSONIndexer(bytes)
        nodes = try indexer.index()
        self.name = name
        self.bytes = bytes
    }

    /// The outermost value.
    package var root: JSONValue { JSONValue(document: self, index: 0) }

    /// The string at a node, a value or a name.
    func string(_ index: Int) -> JSONString {
        let node = nodes[index]
        return JSONString(
            start: Int(node.start), end: Int(node.end), hasEscapes: node.kind == .escapedString)
    }
}

/// Writes a document's index.
private struct JSONIndexer {
    private var scanner: JSONScanner
    private var nodes: [JSONDocument.Node] = []

    init(_ bytes: [UInt8]) { scanner = JSONScanner(bytes) }

    mutating func index() throws(JSONError) -> [JSONDocument.Node] {
        nodes.reserveCapacity(scanner.bytes.count / 8 + 16)
        try indexValue()
        try scanner.finish()
        return nodes
    }

    /// The scanner bounds the depth of the recursion.
    private mutating func indexValue() throws(JSONError) {
        let first = scanner.peek()
        let start = scanner.position
        switch first.map({ Unicode.Scalar($0) }) {
        case "{": try indexObject()
        case "[": try indexArray()
        case "\"": append(try scanner.scanString())
        case "t": try indexWord("true", .true)
        case "f": try indexWord("false", .false)
        case "n": try indexWord("null", .null)
        case "-", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9":
            _ = try scanner.scanNumber()
            append(.number, start..<scanner.position)
        default: throw scanner.unexpected("a value")
        }
    }

    private mutating func indexObject() throws(JSONError) {
        let node = nodes.count
        append(.object, scanner.position..<scanner.position)
        var members = try scanner.openObject()
        while let name = try scanner.nextName(of: &members) {
            append(name)
            try indexValue()
        }
        close(node)
    }

    private mutating func indexArray() throws(JSONError) {
        let node = nodes.count
        append(.array, scanner.position..<scanner.position)
        var elements = try scanner.openArray()
        while try scanner.nextElement(of: &elements) { try indexValue() }
        close(node)
    }

    private mutating func indexWord(_ word: StaticString, _ kind: JSONDocument.Kind) throws(JSONError) {
        let start = scanner.position
        try scanner.scanWord(word)
        append(kind, start..<scanner.position)
    }

    private mutating func append(_ string: JSONString) {
        append(string.hasEscapes ? .escapedString : .string, string.start..<string.end)
    }

    private mutating func append(_ kind: JSONDocument.Kind, _ range: Range<Int>) {
        nodes.append(
            .init(
                kind: kind, start: Int32(range.lowerBound), end: Int32(range.upperBound),
                next: Int32(nodes.count + 1)))
    }

    private mutating func close(_ container: Int) {
        nodes[container].end = Int32(scanner.position)
        nodes[container].next = Int32(nodes.count)
    }
}
