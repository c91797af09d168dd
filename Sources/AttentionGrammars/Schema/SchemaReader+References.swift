import AttentionJSON

extension SchemaReader {
    /// The places of all values that stand, below `root`, in an object with a `$id` which is more than a
    /// fragment: references there are about that object, and not about the whole schema.
    static func resources(below root: JSONValue) -> Set<Int> {
        var places: Set<Int> = []
        var work = root.children.map { ($0, false) }
        while let (value, isInside) = work.popLast() {
            let hasID = value["$id"]?.stringValue.map { !$0.utf8.starts(with: "#".utf8) } ?? false
            if isInside || hasID { places.insert(value.index) }
            work += value.children.map { ($0, isInside || hasID) }
        }
        return places
    }

    /// The schema that a reference names, by its place (RFC 6901) or by an anchor.
    mutating func target(of value: JSONValue) throws(JSONSchemaError) -> JSONValue {
        guard let text = value.stringValue else { throw invalid(value, "a reference") }
        var reference = ExactString(text)
        if let id = root["$id"]?.stringValue, !id.isEmpty, reference.utf8.starts(with: id.utf8) {
            let rest = ExactString(String(decoding: reference.utf8.dropFirst(id.utf8.count), as: UTF8.self))
            if rest.isEmpty { reference = "#" }
            if rest.utf8.starts(with: "#".utf8) { reference = rest }
        }
        guard reference.utf8.starts(with: "#".utf8), !resources.contains(value.index)
        else {
            throw unsupported(value, "a reference within the schema, such as '#/$defs/name'")
        }
        guard reference == "#" || reference.utf8.starts(with: "#/".utf8) else {
            return try anchor(
                ExactString(String(decoding: reference.utf8.dropFirst(), as: UTF8.self)), value)
        }
        var target = root
        let slash = UInt8(ascii: "/")
        for step in reference.utf8.split(separator: slash, omittingEmptySubsequences: false).dropFirst() {
            let name = Self.decoded(step)
            let next =
                target.isArray
                ? Self.index(name).flatMap { index in
                    target.elements.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                }
                : target[name]
            guard let next else { throw invalid(value, "a place that the schema has") }
            target = next
        }
        return target
    }

    /// The place in an array that a step names: digits alone, and no zero before others (RFC 6901, section
    /// 4).
    private static func index(_ step: String) -> Int? {
        let digits = step.utf8
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.count == 1 || digits.first != 0x30
        else { return nil }
        return Int(step)
    }

    /// All anchors below `root`, with the places that they name.
    private static func anchors(below root: JSONValue) -> [ExactString: [JSONValue]] {
        var anchors: [ExactString: [JSONValue]] = [:]
        var work = [root]
        while let next = work.popLast() {
            let anchor = next["$anchor"]?.exactString
            if let anchor { anchors[anchor, default: []].append(next) }
            if let id = next["$id"]?.stringValue, id.utf8.first == UInt8(ascii: "#") {
                let name = ExactString(String(decoding: id.utf8.dropFirst(), as: UTF8.self))
                if name != anchor { anchors[name, default: []].append(next) }
            }
            work += next.children
        }
        return anchors
    }

    private mutating func anchor(
        _ name: ExactString, _ value: JSONValue
    ) throws(JSONSchemaError) -> JSONValue {
        let anchors = self.anchors ?? Self.anchors(below: root)
        self.anchors = anchors
        let found = anchors[name] ?? []
        // Of two, one may be no schema at all but part of a value.
        guard found.count == 1, !resources.contains(found[0].index) else {
            throw unsupported(value, "an anchor that stands once in the schema")
        }
        return found[0]
    }

    private static func decoded(_ step: Substring.UTF8View) -> String {
        var bytes: [UInt8] = []
        var rest = Array(step)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            if byte == UInt8(ascii: "%"), digits.count == 2 {
                bytes.append(UInt8(digits[0] * 16 + digits[1]))
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        var unescaped: [UInt8] = []
        var escaped = bytes[...]
        while let byte = escaped.popFirst() {
            if byte == UInt8(ascii: "~"), let next = escaped.first, next == 0x30 || next == 0x31 {
                unescaped.append(next == 0x30 ? UInt8(ascii: "~") : UInt8(ascii: "/"))
                escaped = escaped.dropFirst()
            } else {
                unescaped.append(byte)
            }
        }
        return String(decoding: unescaped, as: UTF8.self)
    }
}

extension JSONValue {
    /// The elements of an array, or the values of an object's members.
    fileprivate var children: [JSONValue] { elements ?? members.map { $0.map(\.value) } ?? [] }
}
