import AttentionJSON

extension ModelFileError {
    /// A decoder's complaint, told with the file, the member's path, and what the file holds there.
    init(_ error: DecodingError, json: JSONValue) {
        let expected: String
        let path: [any CodingKey]
        switch error {
        case .keyNotFound(let key, let context):
            (expected, path) = ("a value", context.codingPath + [key])
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            (expected, path) = (Self.describe(type), context.codingPath)
        case .dataCorrupted(let context):
            (expected, path) = (context.debugDescription, context.codingPath)
        @unknown default:
            (expected, path) = ("\(error)", [])
        }
        var found: JSONValue? = json
        for key in path {
            found = key.intValue.map { found?.elements?[$0] } ?? found?[key.stringValue]
        }
        self = .invalidField(
            file: json.document.name, field: Self.render(path), expected: expected,
            found: found?.description ?? "nothing")
    }

    private static func render(_ path: [any CodingKey]) -> String {
        guard let first = path.first else { return "the whole file" }
        func text(_ key: any CodingKey) -> String { key.intValue.map { "[\($0)]" } ?? key.stringValue }
        return text(first) + path.dropFirst().map { ($0.intValue == nil ? "." : "") + text($0) }.joined()
    }

    private static func describe(_ type: Any.Type) -> String {
        switch type {
        case is any BinaryInteger.Type: "an integer (\(type))"
        case is any BinaryFloatingPoint.Type: "a number"
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is [String: Any].Type: "an object"
        case is [Any].Type: "an array"
        default: "\(type)"
        }
    }
}
