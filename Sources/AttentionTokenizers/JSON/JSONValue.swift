/// One value of a ``JSONDocument``, read by what it must be.
///
/// Everything that is not as expected throws a ``TokenizerError`` that names the file and the field.
package struct JSONValue: Sendable {
    let document: JSONDocument
    let index: Int

    private var node: JSONDocument.Node { document.nodes[index] }

    package var isNull: Bool { node.kind == .null }
    package var isObject: Bool { node.kind == .object }

    /// Where the value stands, such as `model.vocab["##ing"]`.
    package var path: String {
        let path = document.path(to: index)
        return path.isEmpty ? "the whole text" : path
    }

    // MARK: Values

    package func string() throws(TokenizerError) -> String {
        guard node.kind == .string || node.kind == .escapedString else { throw wrongType("a string") }
        return document.string(index)
    }

    package func bool() throws(TokenizerError) -> Bool {
        guard node.kind == .true || node.kind == .false else { throw wrongType("true or false") }
        return node.kind == .true
    }

    /// A whole number between 0 and 2^31 - 1, as ids and lengths are.
    package func count() throws(TokenizerError) -> Int {
        guard let integer = try integer(), (0...Int(Int32.max)).contains(integer) else {
            throw invalid("is \(text), not a whole number from 0 to \(Int32.max)")
        }
        return integer
    }

    /// A number as an integer; nil where it is too large or has a fraction.
    package func integer() throws(TokenizerError) -> Int? {
        guard node.kind == .number else { throw wrongType("a whole number") }
        var value = 0
        var digits = document.bytes[Int(node.start)..<Int(node.end)]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(digit - 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return isNegative ? -value : value
    }

    // MARK: Containers

    package func array() throws(TokenizerError) -> [JSONValue] {
        guard node.kind == .array else { throw wrongType("an array") }
        var values: [JSONValue] = []
        var child = index + 1
        while child < Int(node.next) {
            values.append(JSONValue(document: document, index: child))
            child = Int(document.nodes[child].next)
        }
        return values
    }

    /// Passes the members of an object in the order of the text.
    package func forEachMember(
        _ body: (_ key: String, _ value: JSONValue) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        guard node.kind == .object else { throw wrongType("an object") }
        let end = Int(node.next)
        var key = index + 1
        while key < end {
            try body(document.string(key), JSONValue(document: document, index: key + 1))
            key = Int(document.nodes[key + 1].next)
        }
    }

    /// The number of an object's or array's values, which is not more than this.
    package var memberBound: Int { Int(node.next) - index - 1 }

    /// The member of this name; nil where it is absent or null.
    package func optional(_ name: String) throws(TokenizerError) -> JSONValue? {
        var found: JSONValue?
        try forEachMember { key, value throws(TokenizerError) in
            guard key == name else { return }
            if found != nil { throw value.invalid("appears twice") }
            found = value
        }
        return found.flatMap { $0.isNull ? nil : $0 }
    }

    /// The member of this name, which must be there.
    package func required(_ name: String) throws(TokenizerError) -> JSONValue {
        guard let value = try optional(name) else {
            let path = document.path(to: index)
            throw .missingField(
                file: document.name, field: path + JSONDocument.component(name, isFirst: path.isEmpty))
        }
        return value
    }

    // MARK: Errors

    package func invalid(_ reason: String) -> TokenizerError {
        .invalidValue(file: document.name, field: path, reason: reason)
    }

    package func wrongType(_ expected: String) -> TokenizerError {
        .wrongType(file: document.name, field: path, expected: expected, found: found)
    }

    package func unsupported(_ found: String, supported: [String]) -> TokenizerError {
        .unsupported(file: document.name, field: path, found: found, supported: supported)
    }

    package func unknownToken(_ token: String) -> TokenizerError {
        .unknownToken(file: document.name, field: path, token: token)
    }

    private var text: String {
        String(decoding: document.bytes[Int(node.start)..<Int(node.end)].prefix(40), as: UTF8.self)
    }

    private var found: String {
        switch node.kind {
        case .object: "an object"
        case .array: "an array"
        case .string, .escapedString: "the string '\(document.string(index).prefix(40))'"
        case .number: "the number \(text)"
        case .true: "true"
        case .false: "false"
        case .null: "null"
        }
    }
}
