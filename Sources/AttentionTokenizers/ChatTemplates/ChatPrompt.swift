/// The text of a conversation, and the parts of it that come from the conversation rather than the template.
public struct ChatPrompt: Hashable, Sendable {
    /// The whole text.
    public let text: String
    /// The parts that come from messages, tools or documents, in UTF-8 bytes, in order.
    public let content: [Range<Int>]

    init(_ rendered: JinjaText) {
        var scalars = String.UnicodeScalarView()
        var content: [Range<Int>] = []
        var offset = 0
        var start: Int?
        for unit in rendered.units {
            let isContent = unit & JinjaText.mark != 0
            if isContent != (start != nil) {
                if let begun = start { content.append(begun..<offset) }
                start = isContent ? offset : nil
            }
            let scalar = JinjaText.scalar(unit)
            scalars.append(scalar)
            offset += UTF8.width(scalar)
        }
        if let start { content.append(start..<offset) }
        text = String(scalars)
        self.content = content
    }

    /// Whether any of these bytes is content.
    func hasContent(in range: Range<Int>) -> Bool {
        // The first part that ends behind the beginning.
        var (low, high) = (0, content.count)
        while low < high {
            let middle = (low + high) / 2
            if content[middle].upperBound > range.lowerBound { high = middle } else { low = middle + 1 }
        }
        return low < content.count && content[low].lowerBound < range.upperBound
    }
}
