import AttentionJSON

extension Grammar {
    /// Any JSON value.
    ///
    /// - Throws: never in practice; the grammar is a small one.
    public static func json(whitespace: JSONWhitespace = .bounded) throws(JSONSchemaError) -> Grammar {
        try Grammar(jsonSchema: "true", whitespace: whitespace)
    }

    /// The JSON values that follow a schema (JSON Schema, draft 2020-12).
    ///
    /// All that the grammar allows follows the schema. The other way round it is narrower: members come in
    /// the order of the schema; where members are named, only these are there unless `additionalProperties`
    /// says otherwise, and likewise behind `prefixItems`; keywords for one type of values imply the type;
    /// members that the schema does not name are written without escapes in their names; numbers are of
    /// bounded length.
    ///
    /// Implemented are `type`, `enum`, `const`, `anyOf`, `allOf`, `oneOf` where its alternatives plainly
    /// exclude each other, `$ref` within the schema, also recursive; `minimum`, `maximum`, `exclusiveMinimum`
    /// and `exclusiveMaximum` (whole ones for `number`); `minLength`, `maxLength`, `pattern` (without look
    /// around, back references and `\b`), `format` (`date`, `time`, `date-time`, `uuid`, `ipv4`);
    /// `properties`, `required`, `additionalProperties`; `prefixItems`, `items`, `minItems`, `maxItems`.
    /// Titles and other annotations say nothing. Anything else is refused by name.
    ///
    /// - Throws: ``JSONSchemaError``, with the place in the schema.
    public init(jsonSchema text: String, whitespace: JSONWhitespace = .bounded) throws(JSONSchemaError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= GrammarLimits.textBytes else {
            throw JSONSchemaError(
                problem: .tooLarge, path: "", expected: "at most \(GrammarLimits.textBytes) bytes",
                found: "\(bytes.count)")
        }
        do {
            let document = try JSONDocument(bytes, name: "schema")
            var compiler = try SchemaCompiler(document.root, whitespace)
            self = try compiler.grammar()
        } catch let error as JSONSchemaError {
            throw error
        } catch let error as JSONError {
            throw JSONSchemaError(
                problem: .invalidJSON, path: "", expected: "JSON", found: "\(error)")
        } catch let error as GrammarError {
            throw JSONSchemaError(
                problem: error.problem == .neverMatches ? .neverMatches : .tooLarge, path: "",
                expected: error.problem == .neverMatches
                    ? "a schema that some value follows" : error.expected,
                found: error.problem == .neverMatches ? "one that none can follow" : error.found)
        } catch {
            throw JSONSchemaError(problem: .invalid, path: "", expected: "a schema", found: "\(error)")
        }
    }
}
