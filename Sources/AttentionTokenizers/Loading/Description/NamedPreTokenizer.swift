import AttentionJSON

/// How text is cut, by llama.cpp's names (`tokenizer.ggml.pre`), with what goes with the name.
struct NamedPreTokenizer: PreTokenizer {
    static let type = "Named"

    /// The cuts, each within the words of the one before.
    private let patterns: [WordPattern]
    /// Whether a word that is in the vocabulary becomes that token, whatever the merges say.
    let takesWholeWords: Bool
    /// Whether texts begin with the begin token where the file does not say it.
    let addsBegin: Bool

    private struct Entry {
        var names: [String]
        var sources: [String] = []
        var scanner: WordScanner?
        var takesWholeWords = false
        var addsBegin = false
    }

    private static let entries = [
        Entry(names: ["gpt-2", "phi-2", "jina-es", "jina-de", "mpt", "olmo", "jais"], scanner: .gpt2),
        Entry(
            names: ["llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral", "lfm2"], scanner: .llama3,
            takesWholeWords: true, addsBegin: true),
        Entry(names: ["qwen2", "deepseek-r1-qwen", "stablelm2", "megrez"], scanner: .qwen2),
        Entry(
            names: ["smollm", "starcoder", "refact", "command-r", "codeshell"], sources: [#"\p{N}"#],
            scanner: .gpt2),
        Entry(names: ["gpt-4o", "llama4"], sources: [gpt4o]),
        Entry(names: ["tekken"], sources: [tekken], takesWholeWords: true, addsBegin: true),
        Entry(
            names: ["default"],
            sources: [
                #"[\p{P}\$\+<=>\^~\|]+"#,
                #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"#,
                #"\p{N}+"#, "[0-9][0-9][0-9]",
            ]),
    ]

    private static let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    private static let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    private static let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"

    /// GPT-4o's words: capitals first, then small letters.
    private static let gpt4o =
        #"[^\r\n\p{L}\p{N}]?"# + upper + "*" + lower + "+" + contraction
        + #"|[^\r\n\p{L}\p{N}]?"# + upper + "+" + lower + "*" + contraction + #"|\p{N}{1,3}"# + rest

    /// The same without contractions, and with numbers cut into digits.
    private static let tekken =
        #"[^\r\n\p{L}\p{N}]?"# + upper + "*" + lower + #"+|[^\r\n\p{L}\p{N}]?"# + upper + "+" + lower
        + #"*|\p{N}"# + rest

    init(_ name: String, file: String) throws(TokenizerError) {
        guard let entry = Self.entries.first(where: { $0.names.contains(name) }) else {
            throw .unsupported(
                file: file, field: "pre", found: name, supported: Self.entries.flatMap(\.names))
        }
        do throws(PatternError) {
            var patterns: [WordPattern] = []
            for source in entry.sources { patterns.append(.expression(try Pattern(source))) }
            if let scanner = entry.scanner { patterns.append(.scanner(scanner)) }
            self.patterns = patterns
        } catch {
            preconditionFailure("the pattern of '\(name)' is not a usable one: \(error)")
        }
        takesWholeWords = entry.takesWholeWords
        addsBegin = entry.addsBegin
    }

    init(reading value: JSONValue) throws(TokenizerError) {
        throw value.unsupported(Self.type, supported: [PatternSplit.type])
    }

    func preTokenize(_ text: inout PreTokenizedText) throws(TokenizerError) {
        for pattern in patterns { try text.split(by: pattern, .isolated) }
        text.writeBytes()
    }
}
