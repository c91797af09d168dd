import AttentionTokenizers

extension ChatPrompt {
    /// The text that a template has made, and the marks that its content bears.
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
        self.init(text: String(scalars), content: content)
    }
}
