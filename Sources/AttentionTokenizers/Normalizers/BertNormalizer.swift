import AttentionJSON

/// BERT's clean-up of text: control characters, white space, Chinese characters, accents, case.
///
/// - Note: Devlin et al., "BERT" (2018), `BasicTokenizer`.
package struct BertNormalizer: TextNormalizer {
    package static let type = "BertNormalizer"

    /// Drop control characters, and turn every white space into a space.
    let cleansText: Bool
    /// Put spaces around Chinese characters, so that each becomes a word.
    let separatesChinese: Bool
    let stripsAccents: Bool
    let lowercases: Bool
    /// Whether accents are stripped by a setting of its own, and not because text is lower-cased.
    private let statedStripping: Bool?

    /// - Parameter stripsAccents: nil strips them where the text is lower-cased.
    package init(cleansText: Bool, separatesChinese: Bool, stripsAccents: Bool?, lowercases: Bool) {
        self.cleansText = cleansText
        self.separatesChinese = separatesChinese
        self.stripsAccents = stripsAccents ?? lowercases
        statedStripping = stripsAccents
        self.lowercases = lowercases
    }

    package init(reading value: JSONValue) throws(TokenizerError) {
        self.init(
            cleansText: try value.required("clean_text").bool(),
            separatesChinese: try value.required("handle_chinese_chars").bool(),
            stripsAccents: try value.optional("strip_accents")?.bool(),
            lowercases: try value.required("lowercase").bool())
    }

    /// The same with the settings that are not nil.
    func changed(lowercases: Bool?, stripsAccents: Bool?, separatesChinese: Bool?) -> BertNormalizer {
        BertNormalizer(
            cleansText: cleansText, separatesChinese: separatesChinese ?? self.separatesChinese,
            stripsAccents: stripsAccents ?? statedStripping, lowercases: lowercases ?? self.lowercases)
    }

    package func normalize(_ text: inout AlignedText) {
        if cleansText { clean(&text) }
        if separatesChinese { separateChinese(&text) }
        if stripsAccents {
            NFD().normalize(&text)
            text.removeAll { $0.scalar.has(.nonspacingMark) }
        }
        if lowercases { Lowercase().normalize(&text) }
    }

    private func clean(_ text: inout AlignedText) {
        var kept = 0
        for index in text.indices {
            let flags = ScalarProperties.shared[text[index].scalar]
            if flags.contains(.removedByCleaning) { continue }
            text[kept] = text[index]
            if flags.contains(.whitespace) { text[kept].scalar = " " }
            kept += 1
        }
        text.removeLast(text.count - kept)
    }

    private func separateChinese(_ text: inout AlignedText) {
        guard let first = text.firstIndex(where: { Self.isChinese($0.scalar) }) else { return }
        var separated = AlignedText(text[..<first])
        separated.reserveCapacity(text.count * 2)
        for aligned in text[first...] {
            guard Self.isChinese(aligned.scalar) else {
                separated.append(aligned)
                continue
            }
            let space = AlignedScalar(scalar: " ", start: aligned.start, end: aligned.end)
            separated += [space, aligned, space]
        }
        text = separated
    }

    /// The blocks of ideographs that BERT names. Kana and Hangul are not among them: their words are
    /// separated like any other script's.
    private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x3400 else { return false }
        return switch scalar.value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F,
            0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
