import AttentionJSON

/// Removes white space at the ends of the text.
struct Strip: TextNormalizer {
    static let type = "Strip"

    private let left: Bool
    private let right: Bool

    init(reading value: JSONValue) throws(TokenizerError) {
        left = try value.required("strip_left").bool()
        right = try value.required("strip_right").bool()
    }

    func normalize(_ text: inout AlignedText) {
        if right {
            let end = text.lastIndex { !$0.scalar.has(.whitespace) }.map { $0 + 1 } ?? 0
            text.removeLast(text.count - end)
        }
        if left {
            let start = text.firstIndex { !$0.scalar.has(.whitespace) } ?? text.count
            text.removeFirst(start)
        }
    }
}
