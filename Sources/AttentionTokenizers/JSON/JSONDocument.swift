/// A JSON text (RFC 8259) with an index over its values.
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

    /// What errors call this text.
    package let name: String
    let bytes: [UInt8]
    /// The values in the order of the text. An object's members are two nodes each, key and value.
    let nodes: [Node]

    /// Checks and indexes a text.
    ///
    /// - Parameter name: what errors call the text, such as the path of its file.
    /// - Throws: ``TokenizerError/invalidJSON(file:offset:reason:)``, also for texts nested deeper than
    ///   128 levels and for lone surrogates.
    package init(_ bytes: [UInt8], name: String) throws(TokenizerError) {
        var scanner = JSONScanner(bytes: bytes)
        do throws(JSONScanner.Failure) {
            nodes = try scanner.scan()
        } catch {
            throw .invalidJSON(file: name, offset: error.offset, reason: error.reason)
        }
        self.name = name
        self.bytes = bytes
    }

    /// The outermost value.
    package var root: JSONValue { JSONValue(document: self, index: 0) }

    /// The path of a value, for errors.
    func path(to target: Int) -> String {
        var path = ""
        var container = 0
        while container != target, let step = step(from: container, towards: target) {
            path +=
                nodes[container].kind == .object
                ? Self.component(string(step.value - 1), isFirst: path.isEmpty) : "[\(step.position)]"
            container = step.value
        }
        return path
    }

    /// The value directly in `container` that is `target` or holds it, and its position there.
    private func step(from container: Int, towards target: Int) -> (value: Int, position: Int)? {
        let keys = nodes[container].kind == .object ? 1 : 0
        var value = container + 1 + keys
        var position = 0
        while value < Int(nodes[container].next) {
            if (value..<Int(nodes[value].next)).contains(target) { return (value, position) }
            value = Int(nodes[value].next) + keys
            position += 1
        }
        return nil
    }

    static func component(_ key: String, isFirst: Bool) -> String {
        let isPlain = key.utf8.allSatisfy {
            $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
        }
        guard isPlain, !key.isEmpty else { return "[\"\(key)\"]" }
        return isFirst ? key : ".\(key)"
    }

    /// Decodes the string at a node.
    func string(_ index: Int) -> String {
        let node = nodes[index]
        let content = bytes[Int(node.start)..<Int(node.end)]
        return node.kind == .escapedString
            ? JSONScanner.unescape(content) : String(decoding: content, as: UTF8.self)
    }
}
