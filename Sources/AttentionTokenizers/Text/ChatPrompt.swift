/// The text of a conversation, and the parts of it that come from the conversation rather than the template.
public struct ChatPrompt: Hashable, Sendable {
    /// The whole text.
    public let text: String
    /// The parts that come from messages, tools or documents, in UTF-8 bytes, in order.
    public let content: [Range<Int>]

    /// - Parameters:
    ///   - text: The whole text.
    ///   - content: Parts of it that lie within, in order, none of them empty.
    package init(text: String, content: [Range<Int>]) { (self.text, self.content) = (text, content) }

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
