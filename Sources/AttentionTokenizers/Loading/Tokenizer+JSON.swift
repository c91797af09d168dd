import AttentionJSON

extension Tokenizer {
    /// Reads the text of a `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - json: the file's bytes.
    ///   - name: what errors call it, such as the path of its file.
    /// - Throws: ``TokenizerError``, which names the field. What is not implemented is refused by name.
    public init(json: [UInt8], name: String) throws(TokenizerError) {
        let root = try JSONValue(parsing: json, name: name)
        if let version = try root.optional("version"), try version.string() != "1.0" {
            throw version.unsupported(try version.string(), supported: ["1.0"])
        }
        let model = try TokenModels.read(try root.required("model"))
        let normalizer = try Self.read(root, "normalizer") { value throws(TokenizerError) in
            try Normalizers.read(value)
        }
        let added = try AddedTokens(
            reading: try root.optional("added_tokens"), vocabulary: model.vocabulary, normalizer: normalizer)
        let id = { (token: String) in added.id(of: token) ?? model.vocabulary.id(of: token) }

        self.model = model
        self.normalizer = normalizer
        self.added = added
        preTokenizer = try Self.read(root, "pre_tokenizer") { value throws(TokenizerError) in
            try PreTokenizers.read(value)
        }
        postProcessor = try Self.read(root, "post_processor") { value throws(TokenizerError) in
            try PostProcessors.read(value, id: id)
        }
        decoder = try Self.read(root, "decoder") { value throws(TokenizerError) in
            try TokenDecoders.read(value)
        }
        truncation = try Self.read(root, "truncation") { value throws(TokenizerError) in
            try Truncation(reading: value)
        }
        padding = try Self.read(root, "padding") { value throws(TokenizerError) in
            try Padding(reading: value)
        }
    }

    /// Reads a section that may be absent.
    private static func read<Section>(
        _ root: JSONValue, _ name: String, _ body: (JSONValue) throws(TokenizerError) -> Section
    ) throws(TokenizerError) -> Section? {
        guard let value = try root.optional(name) else { return nil }
        return try body(value)
    }
}
