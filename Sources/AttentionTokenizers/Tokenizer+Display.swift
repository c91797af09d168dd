extension Tokenizer {
    /// The text that a token stands for, as people read it.
    ///
    /// Spaces are spaces and bytes are characters: `Ġthe` and `▁the` are " the", `ä½` is `<E4 BD>`. Bytes
    /// that are not whole characters are written in hexadecimal between angle brackets. Special tokens, and
    /// pieces of WordPiece such as `##ing`, are written as the vocabulary has them.
    ///
    /// - Returns: nil for an id that no token has.
    public func displayText(ofToken id: Int) -> String? {
        if let token = added.token(of: id) { return token.content }
        guard let token = model.vocabulary.token(of: id) else { return nil }
        return LegibleBytes.text(of: decoder?.displayBytes(of: token) ?? Array(token.utf8))
    }

    /// The text that a token of an encoding stands for, as people read it: as ``displayText(ofToken:)``, or
    /// the text that was found where one token stands for different texts.
    ///
    /// - Precondition: `index` is below the encoding's ``Encoding/count``.
    public func displayText(ofToken index: Int, in encoding: Encoding) -> String {
        let (id, text) = (encoding.ids[index], encoding.tokens[index])
        guard let token = token(of: id), token.utf8.elementsEqual(text.utf8) else { return text }
        return displayText(ofToken: id) ?? text
    }
}

/// Bytes as text, with those in hexadecimal that are not whole characters.
enum LegibleBytes {
    static func text(of bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        var broken: [UInt8] = []
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var place = 0
        parsing: while true {
            switch parser.parseScalar(from: &rest) {
            case .valid(let encoded):
                append(&broken, to: &text)
                text.append(Unicode.UTF8.decode(encoded))
                place += encoded.count
            case .error(let length):
                broken += bytes[place..<place + length]
                place += length
            case .emptyInput: break parsing
            }
        }
        append(&broken, to: &text)
        return String(text)
    }

    private static func append(_ broken: inout [UInt8], to text: inout String.UnicodeScalarView) {
        guard !broken.isEmpty else { return }
        let digits = broken.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
        text.append(contentsOf: "<\(digits.joined(separator: " "))>".unicodeScalars)
        broken = []
    }
}
