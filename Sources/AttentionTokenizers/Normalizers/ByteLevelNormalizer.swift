import AttentionJSON

/// Writes the text's bytes in the ``ByteAlphabet``, before it is cut into words.
struct ByteLevelNormalizer: TextNormalizer {
    static let type = "ByteLevel"

    init(reading value: JSONValue) {}

    func normalize(_ text: inout AlignedText) {
        var bytes: AlignedText = []
        bytes.reserveCapacity(text.count)
        for aligned in text { ByteLevel.append(aligned, to: &bytes) }
        text = bytes
    }
}
