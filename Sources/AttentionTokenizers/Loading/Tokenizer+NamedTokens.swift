import AttentionJSON
import Foundation

extension Tokenizer {
    /// The special tokens that `tokenizer_config.json` and `special_tokens_map.json` of a folder name, under
    /// the names that settings and templates have for them, such as `bos_token`.
    ///
    /// - Throws: ``TokenizerError``.
    package static func namedTokens(folder: URL) throws(TokenizerError) -> [String: String] {
        // The other files number tokens, and name none.
        let settings = try TokenSettings(
            config: json("tokenizer_config.json", in: folder),
            specialTokens: json("special_tokens_map.json", in: folder), addedTokens: nil, file: nil)
        var tokens: [String: String] = [:]
        for (name, form) in settings.named {
            tokens[name.key] = form.content.string  // exact-text: the keys are those of `NamedToken`
        }
        return tokens
    }
}
