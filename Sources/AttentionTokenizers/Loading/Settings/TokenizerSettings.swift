import AttentionJSON
import Foundation

/// The settings that stand in other files than the tokenizer's own.
struct TokenizerSettings: Sendable {
    /// WordPiece's normalisation; nil where no file says it.
    var lowercases: Bool?
    var stripsAccents: Bool?
    var separatesChinese: Bool?
    var modelMaxLength: Int?
    /// The class of the reference library that the model was published for, without `Fast`.
    var tokenizerClass: ExactString?
    var addsPrefixSpace: Bool?
    /// Whether added tokens' places in the text leave the white space beside them out.
    var trimsOffsets: Bool?
    /// Whether SentencePiece's prefix goes before every stretch of text between added tokens (`legacy`).
    var prefixesStretches: Bool?
    /// Whether texts begin with the begin token, and end with the end token; nil where no file says it.
    var addsBegin: Bool?
    var addsEnd: Bool?
    /// Whether special tokens that stand in a text are ordinary text.
    var splitsSpecialTokens = false
    var tokens = TokenSettings()

    /// The settings of a folder without files.
    init() {}

    /// Reads the files of a folder that are there.
    ///
    /// - Parameter file: the folder's `tokenizer.json`, if it is read.
    /// - Throws: ``TokenizerError``.
    init(folder: URL, file: JSONValue?) throws(TokenizerError) {
        let config = try Tokenizer.json("tokenizer_config.json", in: folder)
        tokens = try TokenSettings(
            config: config, specialTokens: Tokenizer.json("special_tokens_map.json", in: folder),
            addedTokens: Tokenizer.json("added_tokens.json", in: folder), file: file)
        if let config { try read(config) }
        if tokenizerClass == nil, file == nil {
            tokenizerClass = try Tokenizer.json("config.json", in: folder).flatMap {
                value throws(TokenizerError) in
                try TokenizerClasses.name(inModelConfiguration: value)
            }
        }
    }

    private mutating func read(_ root: JSONValue) throws(TokenizerError) {
        lowercases = try root.optional("do_lower_case")?.bool()
        stripsAccents = try root.optional("strip_accents")?.bool()
        separatesChinese = try root.optional("tokenize_chinese_chars")?.bool()
        tokenizerClass = try TokenizerClasses.name(root.optional("tokenizer_class"))
        addsPrefixSpace = try root.optional("add_prefix_space")?.bool()
        trimsOffsets = try root.optional("trim_offsets")?.bool()
        prefixesStretches = try root.optional("legacy")?.bool()
        addsBegin = try root.optional("add_bos_token")?.bool()
        addsEnd = try root.optional("add_eos_token")?.bool()
        splitsSpecialTokens = try root.optional("split_special_tokens")?.bool() ?? false
        // "No limit" is written as 1e30, which is no integer that a length could have.
        if let limit = try root.optional("model_max_length"), let length = try limit.integer(),
            length <= Int(Int32.max)
        {
            guard length > 0 else { throw limit.invalid("is \(length), not a length") }
            modelMaxLength = length
        }
    }
}
