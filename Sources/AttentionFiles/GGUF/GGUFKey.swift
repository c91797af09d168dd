/// The names of the metadata that do not belong to one architecture, in one list for all that read them and
/// all that write them.
package enum GGUFKey {
    package static let architecture = "general.architecture"
    package static let name = "general.name"
    package static let fileType = "general.file_type"
    package static let quantizationVersion = "general.quantization_version"
    package static let alignment = "general.alignment"

    /// A setting with which the model generates.
    package static func sampling(_ name: String) -> String { "general.sampling.\(name)" }

    /// The chat template that most conversations take.
    package static let chatTemplate = "tokenizer.chat_template"
    /// The names of the other ones.
    package static let chatTemplateNames = "tokenizer.chat_templates"
    /// The chat template with a name of its own; with an empty name, what all such keys begin with.
    package static func chatTemplate(named name: String) -> String { "\(chatTemplate).\(name)" }

    /// A part of the tokenizer.
    package enum Tokenizer: String, Sendable {
        case model
        case preTokenizer = "pre"
        case tokens
        case scores
        case kinds = "token_type"
        case merges
        case characterMap = "precompiled_charsmap"
        case beginID = "bos_token_id"
        case endID = "eos_token_id"
        case unknownID = "unknown_token_id"
        /// Misspelt in the format.
        case separatorID = "seperator_token_id"
        case paddingID = "padding_token_id"
        case maskID = "mask_token_id"
        case classID = "cls_token_id"
        case endOfTurnID = "eot_token_id"
        case endOfMessageID = "eom_token_id"
        case addsBegin = "add_bos_token"
        case addsEnd = "add_eos_token"
        case addsSpacePrefix = "add_space_prefix"
        case removesExtraWhitespaces = "remove_extra_whitespaces"
        case segmentCount = "token_type_count"

        /// The whole name.
        package var name: String { "tokenizer.ggml.\(rawValue)" }
    }
}
