import AttentionFiles
import AttentionJSON

extension Tokenizer {
    /// The tokenizer that a GGUF file holds, as llama.cpp reads it.
    ///
    /// - Throws: ``TokenizerError/noVocabulary(file:)`` for a file without a tokenizer; `GGUFError` where a
    ///   value has the wrong type or is absent; another ``TokenizerError`` for a value that makes no sense or
    ///   is not implemented.
    init(gguf file: GGUFFile) throws {
        let model = try file.string(GGUFKey.Tokenizer.model.name).map { ExactString($0) }
        let hasTokens = file.metadata[GGUFKey.Tokenizer.tokens.name] != nil
        if model == TokenizerDescription.absentModel || model == nil && !hasTokens {
            throw TokenizerError.noVocabulary(file: file.path)
        }
        try self.init(TokenizerDescription(gguf: file), name: file.path)
    }
}

/// The keys `tokenizer.ggml.…`, read and written through one table.
extension TokenizerDescription {
    /// What converters write in the place of ``model`` where there was no tokenizer.
    fileprivate static let absentModel: ExactString = "no_vocab"

    /// The metadata of a GGUF file without a tokenizer.
    package static var ggufValuesOfNone: [(key: String, value: GGUFValue)] {
        [(key: GGUFKey.Tokenizer.model.name, value: .string(absentModel.string))]
    }

    private typealias Path<Value> = WritableKeyPath<TokenizerDescription, Value>

    /// A property, by the type that its key's value has.
    private enum Property {
        case model(Path<String>)
        case tokens(Path<[String]>)
        case text(Path<String?>)
        case texts(Path<[String]?>)
        case floats(Path<[Float]?>)
        case integers(Path<[Int]?>)
        case bytes(Path<[UInt8]?>)
        case id(Path<Int?>)
        case flag(Path<Bool?>)
    }

    /// In the order in which they are written.
    private static var properties: [(key: GGUFKey.Tokenizer, property: Property)] {
        [
            (.model, .model(\.model)), (.preTokenizer, .text(\.preTokenizer)), (.tokens, .tokens(\.tokens)),
            (.scores, .floats(\.scores)), (.kinds, .integers(\.kinds)), (.merges, .texts(\.merges)),
            (.characterMap, .bytes(\.characterMap)), (.beginID, .id(\.beginID)), (.endID, .id(\.endID)),
            (.unknownID, .id(\.unknownID)), (.separatorID, .id(\.separatorID)),
            (.paddingID, .id(\.paddingID)), (.maskID, .id(\.maskID)), (.classID, .id(\.classID)),
            (.addsBegin, .flag(\.addsBegin)), (.addsEnd, .flag(\.addsEnd)),
            (.addsSpacePrefix, .flag(\.addsSpacePrefix)),
            (.removesExtraWhitespaces, .flag(\.removesExtraWhitespaces)),
        ]
    }

    /// Reads a file's keys. Absent ones give nil, but for the model and its tokens.
    package init(gguf file: GGUFFile) throws(GGUFError) {
        self.init(model: "", tokens: [])
        for (key, property) in Self.properties {
            switch property {
            case .model(let path):
                guard let model = try file.string(key.name) else {
                    throw file.missing(key.name, expected: "the kind of the tokenizer")
                }
                self[keyPath: path] = model
            case .tokens(let path):
                guard let tokens = try file.strings(key.name) else {
                    throw file.missing(key.name, expected: "the tokenizer's tokens")
                }
                self[keyPath: path] = tokens
            case .text(let path): self[keyPath: path] = try file.string(key.name)
            case .texts(let path): self[keyPath: path] = try file.strings(key.name)
            case .floats(let path): self[keyPath: path] = try file.floats(key.name)
            case .integers(let path): self[keyPath: path] = try file.integers(key.name)
            case .bytes(let path):
                self[keyPath: path] = try file.integers(key.name)?.map { UInt8(truncatingIfNeeded: $0) }
            case .id(let path): self[keyPath: path] = try file.integer(key.name)
            case .flag(let path): self[keyPath: path] = try file.bool(key.name)
            }
        }
    }

    /// The keys and values that mean this. Readers of the format want ``preTokenizer`` to be named.
    package var ggufValues: [(key: String, value: GGUFValue)] {
        var named = self
        if preTokenizer == nil { named.preTokenizer = "default" }
        return Self.properties.compactMap { key, property in
            named.value(of: property).map { (key: key.name, value: $0) }
        }
    }

    /// The value in the type that llama.cpp expects.
    private func value(of property: Property) -> GGUFValue? {
        switch property {
        case .model(let path): .string(self[keyPath: path])
        case .tokens(let path): .array(GGUFArray(self[keyPath: path]))
        case .text(let path): self[keyPath: path].map { .string($0) }
        case .texts(let path): self[keyPath: path].map { .array(GGUFArray($0)) }
        case .floats(let path): self[keyPath: path].map { .array(GGUFArray($0)) }
        case .integers(let path):
            self[keyPath: path].map { .array(GGUFArray($0.map { Int32(clamping: $0) })) }
        case .bytes(let path): self[keyPath: path].map { .array(GGUFArray($0)) }
        case .id(let path): self[keyPath: path].map { .uint32(UInt32(clamping: $0)) }
        case .flag(let path): self[keyPath: path].map { .bool($0) }
        }
    }
}
