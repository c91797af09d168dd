/// One value of a ``JSONDocument``: a place in its index.
package struct JSONValue: Sendable {
    package let document: JSONDocument
    package let index: Int

    private var node: JSONDocument.Node { document.nodes[index] }
    private var bytes: ArraySlice<UInt8> { document.bytes[Int(node.start)..<Int(node.end)] }

    package var isNull: Bool { node.kind == .null }
    package var isObject: Bool { node.kind == .object }
    package var isArray: Bool { node.kind == .array }
    package var isNumber: Bool { node.kind == .number }

    // MARK: Scalars

    /// The string, to be shown or kept; nil if this is none. ``exactString`` is the one to compare.
    package var stringValue: String? {
        guard node.kind == .string || node.kind == .escapedString else { return nil }
        return document.string(index).text(in: document.bytes)
    }

    /// The string, compared by its scalars; nil if this is none.
    package var exactString: ExactString? { stringValue.map { ExactString($0) } }

    /// The truth value; nil if this is none.
    package var boolValue: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The number that is written as an integer, exactly; nil if this is none, or none that fits.
    package var integerValue: Int? { isNumber ? JSONScanner.integer(bytes) : nil }

    /// The number, rounded; nil if this is none, or one beyond a double's range.
    package var doubleValue: Double? {
        guard isNumber, let value = Double(literal), value.isFinite else { return nil }
        return value
    }

    /// The value as it is written; for a string, what stands between the quotes.
    package var literal: String { String(decoding: bytes, as: UTF8.self) }

    // MARK: Containers

    /// The elements of an array; nil if this is none.
    package var elements: [JSONValue]? {
        guard isArray else { return nil }
        var values: [JSONValue] = []
        var child = index + 1
        while child < Int(node.next) {
            values.append(JSONValue(document: document, index: child))
            child = Int(document.nodes[child].next)
        }
        return values
    }

    /// The members of an object in the order of the text; nil if this is none.
    package var members: Members? { isObject ? Members(object: self) : nil }

    /// An object's members, decoded one by one.
    package struct Members: Sequence, IteratorProtocol {
        private let document: JSONDocument
        private var name: Int
        private let end: Int

        fileprivate init(object: JSONValue) {
            document = object.document
            name = object.index + 1
            end = Int(object.node.next)
        }

        package mutating func next() -> (name: ExactString, value: JSONValue)? {
            guard name < end else { return nil }
            let value = JSONValue(document: document, index: name + 1)
            defer { name = Int(value.node.next) }
            return (ExactString(document.string(name).text(in: document.bytes)), value)
        }
    }

    /// No less than the number of an object's members.
    package var memberBound: Int { (Int(node.next) - index - 1) / 2 }

    /// The member of this name; nil if there is none or this is no object.
    package subscript(name: String) -> JSONValue? {
        guard isObject else { return nil }
        var child = index + 1
        while child < Int(node.next) {
            if document.string(child).equals(name, in: document.bytes) {
                return JSONValue(document: document, index: child + 1)
            }
            child = Int(document.nodes[child + 1].next)
        }
        return nil
    }

    package subscript(name: ExactString) -> JSONValue? { self[name.string] }

    // MARK: Errors

    /// Where the value stands, such as `model.vocab["##ing"]`; empty for the outermost one.
    package var path: String {
        var path = ""
        var container = 0
        while container != index, let step = step(from: container) {
            path +=
                document.nodes[container].kind == .object
                ? Self.component(
                    document.string(step.value - 1).text(in: document.bytes), isFirst: path.isEmpty)
                : "[\(step.position)]"
            container = step.value
        }
        return path
    }

    /// The path of a member that this object has or should have.
    package func path(of member: String) -> String {
        let path = path
        return path + Self.component(member, isFirst: path.isEmpty)
    }

    /// The value directly in `container` that is this one or holds it, and its position there.
    private func step(from container: Int) -> (value: Int, position: Int)? {
        let nodes = document.nodes
        let names = nodes[container].kind == .object ? 1 : 0
        var value = container + 1 + names
        var position = 0
        while value < Int(nodes[container].next) {
            if (value..<Int(nodes[value].next)).contains(index) { return (value, position) }
            value = Int(nodes[value].next) + names
            position += 1
        }
        return nil
    }

    /// A name as a path shows it: cut short, and safe to print.
    private static func component(_ name: String, isFirst: Bool) -> String {
        let isPlain = name.utf8.allSatisfy {
            $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
        }
        let shown = excerpt(name)
        guard isPlain, !name.isEmpty else { return "[\"\(shown)\"]" }
        return isFirst ? shown : ".\(shown)"
    }
}

extension JSONValue: CustomStringConvertible {
    /// A short description for error messages.
    package var description: String {
        switch node.kind {
        case .object: "an object of \(members?.reduce(0) { count, _ in count + 1 } ?? 0) members"
        case .array: "an array of \(elements?.count ?? 0)"
        case .string, .escapedString: "the string \(quoted(stringValue ?? ""))"
        case .number, .true, .false, .null: excerpt(String(decoding: bytes, as: UTF8.self), limit: 40)
        }
    }
}
