import AttentionJSON

extension Grammar {
    /// Any JSON value.
    ///
    /// - Throws: never in practice; the grammar is a small one.
    public static func json(options: JSONSchemaOptions = .init()) throws(JSONSchemaError) -> Grammar {
        try Grammar(jsonSchema: "true", options: options)
    }

    /// The JSON values that follow a schema (JSON Schema, drafts 2020-12 and 7).
    ///
    /// All that the grammar allows follows the schema. The other way round, ``JSONSchemaBreadth`` says which
    /// of the values that follow the schema are written, and a value is written in one way: members in the
    /// order in which the schema names them, others behind them; strings without escapes that are not needed,
    /// where the schema says more about them than their length; numbers that have bounds without exponents;
    /// and numbers of bounded length (``JSONLengths``).
    ///
    /// Values are equal as the specification says: 1 is 1.0, and members have no order. Names that the schema
    /// does not give can come twice, as JSON permits.
    ///
    /// Every keyword is implemented, `$ref` within the schema, but these are refused by name:
    /// - `uniqueItems` for items that are not those of an `enum`;
    /// - `unevaluatedProperties` and `unevaluatedItems` beside keywords of which it depends on the value what
    ///   they have evaluated, such as `anyOf`;
    /// - `$dynamicRef`, references to other documents and into schemas with a `$id` of their own;
    /// - patterns with back references, look behind, or look ahead elsewhere than behind a leading `^`;
    /// - the formats `idn-email`, `idn-hostname`, `uri-template` and `regex`. All others that JSON Schema
    ///   defines are followed; one that it does not define is an annotation.
    ///
    /// Keywords that JSON Schema does not define are annotations, too.
    ///
    /// - Throws: ``JSONSchemaError``, with the place in the schema.
    public init(jsonSchema text: String, options: JSONSchemaOptions = .init()) throws(JSONSchemaError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= GrammarLimits.textBytes else {
            throw JSONSchemaError(
                problem: .tooLarge, path: "", expected: "at most \(GrammarLimits.textBytes) bytes",
                found: "\(bytes.count)")
        }
        do {
            let document = try JSONDocument(bytes, name: "schema")
            var compiler = try SchemaCompiler(document.root, options)
            self = try compiler.grammar()
        } catch let error as JSONSchemaError {
            throw error
        } catch let error as JSONError {
            let start = text.unicodeScalars.prefix { $0 != "\n" }.prefix(40)
            throw JSONSchemaError(
                problem: .invalidJSON, path: "", expected: "a JSON Schema",
                found: "text that is not JSON and starts with \(quoted(String(start))) (\(error))")
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
