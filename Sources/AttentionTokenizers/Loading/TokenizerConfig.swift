import AttentionJSON

/// What `tokenizer_config.json` says that a tokenizer needs.
struct TokenizerConfig: Sendable {
    var lowercases = true
    var stripsAccents: Bool?
    var separatesChinese = true
    var unknown = "[UNK]"
    var begin = "[CLS]"
    var separator = "[SEP]"
    var padding = "[PAD]"
    var mask = "[MASK]"
    var modelMaxLength: Int?
    /// The class of the reference that the model was published for, without `Fast`.
    var tokenizerClass: String?
    var addsPrefixSpace = false
    /// Whether texts begin with the begin token, and end with the end token; nil where the file is silent.
    var addsBegin: Bool?
    var addsEnd: Bool?

    /// BERT's and GPT-2's own settings.
    init() {}

    init(reading root: JSONValue) throws(TokenizerError) {
        lowercases = try root.optional("do_lower_case")?.bool() ?? lowercases
        stripsAccents = try root.optional("strip_accents")?.bool()
        separatesChinese = try root.optional("tokenize_chinese_chars")?.bool() ?? separatesChinese
        unknown = try Self.token(root, "unk_token") ?? unknown
        begin = try Self.token(root, "cls_token") ?? begin
        separator = try Self.token(root, "sep_token") ?? separator
        padding = try Self.token(root, "pad_token") ?? padding
        mask = try Self.token(root, "mask_token") ?? mask
        tokenizerClass = try root.optional("tokenizer_class")?.string()
        if let name = tokenizerClass, name.hasSuffix("Fast") { tokenizerClass = String(name.dropLast(4)) }
        addsPrefixSpace = try root.optional("add_prefix_space")?.bool() ?? addsPrefixSpace
        addsBegin = try root.optional("add_bos_token")?.bool()
        addsEnd = try root.optional("add_eos_token")?.bool()
        // "No limit" is written as 1e30, which is no integer that a length could have.
        if let limit = try root.optional("model_max_length"), let length = try limit.integer(),
            length <= Int(Int32.max)
        {
            guard length > 0 else { throw limit.invalid("is \(length), not a length") }
            modelMaxLength = length
        }
    }

    /// A token is written as a string, or as an object that has it as `content`.
    private static func token(_ root: JSONValue, _ name: String) throws(TokenizerError) -> String? {
        guard let value = try root.optional(name) else { return nil }
        return value.isObject ? try value.required("content").string() : try value.string()
    }
}
