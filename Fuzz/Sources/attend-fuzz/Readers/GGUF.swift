import AttentionFiles
import AttentionModels
import AttentionTokenizers

extension Reader {
    /// The header, all of the metadata, asked for as every type, every tensor's numbers, and the decoder that
    /// it is.
    static let gguf = Reader(name: "gguf", errors: [GGUFError.self]) { bytes in
        let file = try GGUFFile(content: bytes, label: "input")
        for entry in file.entries {
            precondition(entry.byteRange.upperBound <= bytes.count)
            _ = try? file.storedTensor(named: entry.name)?.float32()
        }
        _ = try? DecoderTransformer(ModelDescription(metadata: file), from: file)
        for key in file.keys {
            _ = try? file.string(key)
            _ = try? file.integer(key)
            _ = try? file.bool(key)
            _ = try? file.strings(key)
            _ = try? file.integers(key)
            _ = try? file.floats(key)
        }
    }

    /// The tokenizer in a GGUF file's metadata.
    static let vocabulary = Reader(
        name: "vocabulary", errors: [GGUFError.self, TokenizerError.self]
    ) { bytes in
        try use(Tokenizer(ModelFile(.gguf(GGUFFile(content: bytes, label: "input")))))
    }
}
