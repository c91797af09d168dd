extension AttentionMap {
    /// A heat map for a terminal: one line a query token, two columns of the screen a key token, the key
    /// tokens' names running downwards above. Where the keys do not fit side by side, blocks of them follow
    /// one another.
    ///
    /// - Parameters:
    ///   - selection: The head, mean or roll-out to show.
    ///   - width: The columns of the screen; no line is wider, down to a width of 12.
    ///   - color: Colours, or characters where there are none.
    ///   - hidingSpecialTokens: Whether special tokens' columns are left out and rows scaled to 1 again.
    /// - Throws: ``AttentionMapError`` if the selection was not captured or nothing is left to show.
    public func terminalText(
        _ selection: Selection, width: Int = 80, color: TerminalColor = .none,
        hidingSpecialTokens: Bool = false
    ) throws(AttentionMapError) -> String {
        let panel = try panel(selection, hidingSpecialTokens: hidingSpecialTokens)
        let map = TerminalMap(panel: panel, width: max(width, TerminalMap.leastWidth), color: color)
        var lines = map.wrap("\(visibleModel) · \(panel.title)").map(color.bold)
        lines += map.wrap(visibleText) + [""]
        lines += map.blocks()
        lines += map.legend()
        let explanation = MapPanel.explanation(hidingSpecialTokens: hidingSpecialTokens)
        lines += map.wrap(explanation).map(color.dim)
        return lines.map { $0 + "\n" }.joined()
    }
}

/// Lays one panel out in lines.
struct TerminalMap {
    static let leastWidth = 12
    /// Names longer than this are cut: maps, not names, should fill the screen.
    private static let longestRowLabel = 16
    private static let longestColumnLabel = 10

    let panel: MapPanel
    let width: Int
    let color: TerminalColor
    private let labelWidth: Int

    init(panel: MapPanel, width: Int, color: TerminalColor) {
        self.panel = panel
        self.width = width
        self.color = color
        let longest = panel.queries.map { VisibleText.width($0) }.max() ?? 0
        labelWidth = min(longest, Self.longestRowLabel, width / 3)
    }

    /// The map in blocks of as many keys as fit.
    func blocks() -> [String] {
        let keys = panel.matrix.keyCount
        let perBlock = max(1, (width - labelWidth - 1) / 2)
        var lines: [String] = []
        for start in stride(from: 0, to: keys, by: perBlock) {
            let block = start..<min(start + perBlock, keys)
            if keys > perBlock {
                let title = "keys \(block.lowerBound)–\(block.upperBound - 1) of 0–\(keys - 1)"
                lines += wrap(title).map(color.dim)
            }
            lines += header(block)
            for query in 0..<panel.matrix.queryCount { lines.append(row(query, block)) }
            lines.append("")
        }
        return lines
    }

    /// The scale's ends and the colours between them.
    func legend() -> [String] {
        let places = (0..<10).map { color.cell(Float($0) / 9) }.joined() + color.reset
        let largest = panel.scale.fixed(3)
        if width < 32 { return ["0 to \(largest)"] }
        return ["0 " + places + " " + largest]
    }

    /// Text broken at spaces, or anywhere if a word is longer than a line.
    func wrap(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, VisibleText.width(line) + 1 + VisibleText.width(String(word)) > width {
                lines.append(line)
                line = ""
            }
            if !line.isEmpty { line += " " }
            for character in word {
                if VisibleText.width(line) + VisibleText.width(character) > width {
                    lines.append(line)
                    line = ""
                }
                line.append(character)
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// The keys' names, one character a line, standing on the map.
    private func header(_ keys: Range<Int>) -> [String] {
        let labels = keys.map { key in
            let label = Array(panel.keys[key])
            return label.count > Self.longestColumnLabel
                ? label.prefix(Self.longestColumnLabel - 1) + ["⋮"] : label
        }
        let height = labels.map(\.count).max() ?? 0
        let margin = String(repeating: " ", count: labelWidth + 1)
        return (0..<height).map { line in
            let cells = labels.map { label -> String in
                let index = line - (height - label.count)
                guard index >= 0 else { return "  " }
                return pad(String(label[index]), to: 2)
            }
            return (margin + cells.joined()).trimmedAtEnd
        }
    }

    private func row(_ query: Int, _ keys: Range<Int>) -> String {
        let label = VisibleText.shorten(panel.queries[query], to: labelWidth)
        let space = String(repeating: " ", count: max(0, labelWidth - VisibleText.width(label)))
        let cells = keys.map { color.cell(panel.matrix[query: query, key: $0] / panel.scale) }
        let line = space + label + " " + cells.joined()
        return color == .none ? line.trimmedAtEnd : line + color.reset
    }

    private func pad(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - VisibleText.width(text)))
    }
}

extension String {
    var trimmedAtEnd: String {
        var end = endIndex
        while end > startIndex, self[index(before: end)] == " " { end = index(before: end) }
        return String(self[..<end])
    }
}

extension Float {
    /// A weight from 0 to 1 with a fixed number of decimals, in every locale with a point.
    func fixed(_ decimals: Int) -> String {
        let unit = (0..<decimals).reduce(1) { product, _ in product * 10 }
        let scaled = Int((Double(self) * Double(unit)).rounded())
        let fraction = String(scaled % unit)
        return "\(scaled / unit)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
