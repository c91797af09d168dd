import AttentionJSON

/// A value read by what it must be. Everything that is not as expected throws a ``TokenizerError`` that
/// names the file and the field.
extension JSONValue {
    /// The outermost value of a JSON text.
    ///
    /// - Parameter name: The name of the text in errors, such as the path of its file.
    /// - Throws: ``TokenizerError/invalidJSON(file:offset:reason:)``.
    package init(parsing bytes: [UInt8], name: String) throws(TokenizerError) {
        do throws(JSONError) {
            self = try JSONDocument(bytes, name: name).root
        } catch {
            throw .invalidJSON(file: name, offset: error.offset, reason: error.reason)
        }
    }

    package func string() throws(TokenizerError) -> String {
        guard let stringValue else { throw wrongType("a string") }
        return stringValue
    }

    /// A string of exactly one scalar.
    func scalar() throws(TokenizerError) -> Unicode.Scalar {
        let scalars = try string().unicodeScalars
        guard let scalar = scalars.first, scalars.count == 1 else { throw wrongType("a single character") }
        return scalar
    }

    func bool() throws(TokenizerError) -> Bool {
        guard let boolValue else { throw wrongType("true or false") }
        return boolValue
    }

    /// A whole number between 0 and 2^31 - 1, as ids and lengths are.
    func count() throws(TokenizerError) -> Int {
        guard let integer = try integer(), (0...Int(Int32.max)).contains(integer) else {
            throw invalid("is \(self), not a whole number from 0 to \(Int32.max)")
        }
        return integer
    }

    /// A number as an integer; nil where it is too large or has a fraction.
    func integer() throws(TokenizerError) -> Int? {
        guard isNumber else { throw wrongType("a whole number") }
        return integerValue
    }

    func array() throws(TokenizerError) -> [JSONValue] {
        guard let elements else { throw wrongType("an array") }
        return elements
    }

    package func object() throws(TokenizerError) -> Members {
        guard let members else { throw wrongType("an object") }
        return members
    }

    /// The member of this name; nil where it is absent or null.
    package func optional(_ name: String) throws(TokenizerError) -> JSONValue? {
        guard isObject else { throw wrongType("an object") }
        return self[name].flatMap { $0.isNull ? nil : $0 }
    }

    /// The member of this name, which must be there.
    package func required(_ name: String) throws(TokenizerError) -> JSONValue {
        guard let value = try optional(name) else {
            throw .missingField(file: document.name, field: path(of: name))
        }
        return value
    }

    // MARK: Errors

    private var field: String { path.isEmpty ? "the whole text" : path }

    package func invalid(_ reason: String) -> TokenizerError {
        .invalidValue(file: document.name, field: field, reason: reason)
    }

    package func wrongType(_ expected: String) -> TokenizerError {
        .wrongType(file: document.name, field: field, expected: expected, found: description)
    }

    func unsupported(_ found: String, supported: [String]) -> TokenizerError {
        .unsupported(file: document.name, field: field, found: found, supported: supported)
    }

    func unknownToken(_ token: String) -> TokenizerError {
        .unknownToken(file: document.name, field: field, token: token)
    }
}
