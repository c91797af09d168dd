extension Tokenizer {
    /// Makes text of tokens.
    ///
    /// Ids that no token has are left out: models often have a few more ids than tokens.
    ///
    /// - Parameters:
    ///   - ids: tokens.
    ///   - skipSpecialTokens: whether special tokens such as `[CLS]` are left out too.
    public func decode(_ ids: [Int], skipSpecialTokens: Bool = true) -> String {
        let tokens = ids.compactMap { decodable($0, skipSpecialTokens: skipSpecialTokens) }
        guard let decoder else { return tokens.joined(separator: " ") }
        var stage = decoder.makeStage()
        return stage.decode(tokens.map { DecodedPart(text: $0) }, isLast: true).map(\.text).joined()
    }

    /// Decoding of tokens that come one by one.
    ///
    /// - Parameter skipSpecialTokens: whether special tokens such as `</s>` are left out.
    public func streamDecoder(skipSpecialTokens: Bool = true) -> StreamDecoder {
        StreamDecoder(tokenizer: self, skipSpecialTokens: skipSpecialTokens)
    }

    /// The bytes that a token stands for within a text, which need not be whole characters: spaces are
    /// spaces, and tokens such as `<0xE2>` are one byte.
    ///
    /// - Returns: nil for a special token, and for an id that no token has.
    public func bytes(ofToken id: Int) -> [UInt8]? {
        guard let token = decodable(id, skipSpecialTokens: true) else { return nil }
        return decoder?.bytes(of: token) ?? [0x20] + token.utf8
    }

    /// The token's contribution to decoding; nil for none.
    fileprivate func decodable(_ id: Int, skipSpecialTokens: Bool) -> String? {
        if skipSpecialTokens, added.token(of: id)?.isSpecial == true { return nil }
        return added.decoded(id) ?? model.vocabulary.token(of: id)
    }
}

/// Makes text of tokens as they come, and never half a character.
///
/// All pieces of text together are what ``Tokenizer/decode(_:skipSpecialTokens:)`` makes of all tokens, with
/// one exception: where tokens stand for single bytes (SentencePiece's byte fallback), the whole characters
/// before bytes that turn out not to be UTF-8 have been given already, and stay.
///
/// ```swift
/// var decoder = tokenizer.streamDecoder()
/// for id in generated { print(decoder.append(id), terminator: "") }
/// print(decoder.finish())
/// ```
public struct StreamDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipsSpecialTokens: Bool
    private var stage: any DecodingStage

    fileprivate init(tokenizer: Tokenizer, skipSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        skipsSpecialTokens = skipSpecialTokens
        stage = tokenizer.decoder?.makeStage() ?? SpaceSeparated()
    }

    /// The text that is settled by the next token; empty where it ends within a character.
    public mutating func append(_ id: Int) -> String {
        guard let token = tokenizer.decodable(id, skipSpecialTokens: skipsSpecialTokens) else { return "" }
        return text(stage.decode([DecodedPart(text: token)], isLast: false))
    }

    /// The text that was held back. Then the decoder begins anew.
    public mutating func finish() -> String {
        let rest = text(stage.decode([], isLast: true))
        self = StreamDecoder(tokenizer: tokenizer, skipSpecialTokens: skipsSpecialTokens)
        return rest
    }

    private func text(_ parts: [DecodedPart]) -> String { parts.reduce(into: "") { $0 += $1.text } }

    /// The decoding of a tokenizer without a decoder.
    private struct SpaceSeparated: DecodingStage {
        private var isFirst = true

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            parts.map { part in
                defer { isFirst = false }
                return DecodedPart(text: isFirst ? part.text : " " + part.text)
            }
        }
    }
}
