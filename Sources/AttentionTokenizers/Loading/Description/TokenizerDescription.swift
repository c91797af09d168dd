/// A tokenizer in plain values, as GGUF files describe theirs (`tokenizer.ggml.…`).
///
/// The meaning of each value, and of an absent one, is what llama.cpp makes of it. Only where it approximates
/// the pattern that a model was published with, the published pattern holds.
public struct TokenizerDescription: Sendable {
    /// The algorithm: `gpt2` (byte-level BPE), `gemma4` (BPE of lines with `▁` for spaces), `llama`
    /// (SentencePiece BPE), `t5` (Unigram) or `bert` (WordPiece).
    public var model: String
    /// The name of the rules by which `gpt2` cuts text into words, such as `llama-bpe` or `qwen2`.
    public var preTokenizer: String?
    /// The tokens in the order of their ids.
    public var tokens: [String]
    /// The tokens' scores, for `llama` and `t5`.
    public var scores: [Float]?
    /// The kinds of the tokens: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    public var kinds: [Int]?
    /// The merges in the order in which they were learnt, each as two tokens and a space, for `gpt2`.
    public var merges: [String]?
    /// SentencePiece's table of replacements, for `t5`.
    public var characterMap: [UInt8]?
    /// The token that begins a text.
    public var beginID: Int?
    /// The token that ends a text.
    public var endID: Int?
    /// The token that stands for what the vocabulary does not have.
    public var unknownID: Int?
    /// The token that stands between two texts.
    public var separatorID: Int?
    /// The token that fills a batch up.
    public var paddingID: Int?
    /// The token that hides a word.
    public var maskID: Int?
    /// The token that begins the texts of encoders.
    public var classID: Int?
    /// Whether texts begin with the begin token.
    public var addsBegin: Bool?
    /// Whether texts end with the end token.
    public var addsEnd: Bool?
    /// Whether a space goes before every text.
    public var addsSpacePrefix: Bool?
    /// Whether runs of spaces become one, and those at the ends are dropped.
    public var removesExtraWhitespaces: Bool?

    /// A tokenizer of which nothing else is said.
    public init(model: String, tokens: [String]) {
        self.model = model
        self.tokens = tokens
    }
}

extension TokenizerDescription {
    typealias Kind = SentencePieceModel.Kind

    /// Every token's kind, which is normal where nothing is said.
    func checkedKinds(file: String) throws(TokenizerError) -> [Kind] {
        guard let kinds else { return [Kind](repeating: .normal, count: tokens.count) }
        try check(count: kinds.count, "token_type", file: file)
        var checked: [Kind] = []
        for (id, number) in kinds.enumerated() {
            guard let kind = number == 0 ? .normal : Kind(rawValue: number) else {
                throw .invalidValue(
                    file: file, field: "token_type[\(id)]", reason: "is \(number), not a type from 0 to 6")
            }
            checked.append(kind)
        }
        return checked
    }

    func check(count: Int, _ field: String, file: String) throws(TokenizerError) {
        guard count == tokens.count else {
            throw .invalidValue(
                file: file, field: field, reason: "has \(count) elements for \(tokens.count) tokens")
        }
    }

    /// A token and its id; nil for no id.
    func token(_ id: Int?, _ field: String, file: String) throws(TokenizerError) -> (token: String, id: Int)?
    {
        guard let id else { return nil }
        guard tokens.indices.contains(id) else {
            throw .invalidValue(
                file: file, field: field, reason: "is \(id) in a vocabulary of \(tokens.count)")
        }
        return (tokens[id], id)
    }
}
