import AttentionJSON

/// Cuts text, most often as GPT-2 does, and writes its bytes in the ``ByteAlphabet``.
struct ByteLevel: PreTokenizer {
    static let type = "ByteLevel"

    /// Whether a space goes before words that have none.
    private let addsPrefixSpace: Bool
    /// The rule by which text is cut; nil for none.
    private let scanner: WordScanner?

    init(addsPrefixSpace: Bool, scanner: WordScanner?) {
        self.addsPrefixSpace = addsPrefixSpace
        self.scanner = scanner
    }

    init(reading value: JSONValue) throws(TokenizerError) {
        addsPrefixSpace = try value.optional("add_prefix_space")?.bool() ?? true
        scanner = try value.optional("use_regex")?.bool() ?? true ? .gpt2 : nil
    }

    func changed(addsPrefixSpace: Bool) -> ByteLevel {
        ByteLevel(addsPrefixSpace: addsPrefixSpace, scanner: scanner)
    }

    func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
        if addsPrefixSpace {
            text.rewrite { word, text in
                if let first = word.first, first.scalar != " " { text.append(first.with(" ")) }
                text += word
            }
        }
        if let scanner { try text.split(by: .scanner(scanner), .isolated) }
        text.writeBytes()
    }

    /// Appends a scalar's bytes, all of which stand for the scalar.
    @inline(__always)
    static func append(_ aligned: AlignedScalar, to text: inout AlignedText) {
        if aligned.scalar.value < 0x80 {
            return text.append(aligned.with(ByteAlphabet.scalars[Int(aligned.scalar.value)]))
        }
        for byte in UTF8.encode(aligned.scalar) ?? UTF8.encodedReplacementCharacter {
            text.append(aligned.with(ByteAlphabet.scalars[Int(byte)]))
        }
    }
}

extension PreTokenizedText {
    /// Writes every word's bytes in the ``ByteAlphabet``.
    mutating func writeBytes() {
        rewrite { word, text in
            for aligned in word { ByteLevel.append(aligned, to: &text) }
        }
    }
}
