import AttentionJSON

extension Tokenizer {
    /// Reads a byte-level model as GPT-2 publishes it: a table of tokens (`vocab.json`) and a list of merges
    /// (`merges.txt`), one a line. How text is cut stands in no file; `tokenizer_class` says it.
    init(
        vocabulary value: JSONValue, merges: [UInt8], mergesName: String, config: TokenizerConfig
    ) throws(TokenizerError) {
        guard let text = String(validating: merges, as: UTF8.self) else {
            throw .unreadableFile(file: mergesName, reason: "not valid UTF-8")
        }
        let scanner: WordScanner
        switch config.tokenizerClass ?? "GPT2Tokenizer" {
        case "GPT2Tokenizer": scanner = .gpt2
        case "Qwen2Tokenizer": scanner = .qwen2
        case let name:
            throw .unsupported(
                file: value.document.name, field: "tokenizer_class", found: name,
                supported: ["GPT2Tokenizer", "Qwen2Tokenizer", "any with a tokenizer.json"])
        }
        let vocabulary = try Vocabulary(reading: value)
        model = try BytePairEncoding(
            vocabulary: vocabulary, merges: Self.lines(ofMerges: text), file: mergesName, field: "merges")
        normalizer = scanner == .qwen2 ? NFC() : nil
        preTokenizer = ByteLevel(addsPrefixSpace: config.addsPrefixSpace, scanner: scanner)
        postProcessor = nil
        decoder = ByteLevelDecoder()
        added = try AddedTokens(
            special: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"].compactMap { token in
                vocabulary.id(of: token).map { AddedToken(special: token, id: $0) }
            })
        truncation = nil
        padding = nil
    }

    /// The lines that are merges: not the first if it names the version, nor empty ones.
    private static func lines(ofMerges text: String) -> [Substring] {
        let lines = text.unicodeScalars.split(separator: "\n").compactMap { line in
            let line = line.last == "\r" ? line.dropLast() : line
            return line.isEmpty ? nil : Substring(line)
        }
        return lines.first?.hasPrefix("#version") == true ? Array(lines.dropFirst()) : lines
    }
}
