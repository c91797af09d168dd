extension AttentionMap {
    /// A heat map for a terminal: one line for each query, two columns of the screen for each key, and above
    /// them the keys' names, which run downwards. Where the keys do not fit side by side, blocks of them
    /// follow one another.
    ///
    /// - Parameters:
    ///   - selection: The head, mean or roll-out to show.
    ///   - width: The columns of the screen; no line is wider, down to a width of 12.
    ///   - height: The lines of the screen, if the map is to fit it: on a low one, names and the text are cut
    ///     sooner. See ``resolution(forTerminalOfWidth:height:)``.
    ///   - color: Colours, or characters where there are none.
    ///   - hidden: Keys whose columns are left out; rows are then scaled to sum to 1 again.
    /// - Throws: ``AttentionMapError`` if the selection was not captured or nothing is left to show.
    public func terminalText(
        _ selection: Selection, width: Int = 80, height: Int? = nil, color: TerminalColor = .none,
        hiding hidden: HiddenKeys = []
    ) throws(AttentionMapError) -> String {
        let panel = try panel(selection, hiding: hidden)
        let map = TerminalMap(
            panel: panel, width: max(width, TerminalMap.leastWidth), height: height, color: color)
        var lines = map.wrap("\(visibleModel) · \(panel.title)").map(color.bold)
        lines += map.wrap(visibleText, limit: TerminalMap.mostTextLines(height: height)) + [""]
        lines += map.blocks()
        lines += map.legend()
        lines += map.wrap(MapPanel.explanation(hiding: hidden)).map(color.dim)
        return lines.map { $0 + "\n" }.joined()
    }

    /// The resolution at which a map fits a screen of 20 lines or more, with its names, heading and legend.
    ///
    /// - Parameters:
    ///   - width: The columns of the screen.
    ///   - height: The lines of the screen.
    public static func resolution(forTerminalOfWidth width: Int, height: Int) -> Resolution {
        let names = min(TerminalMap.longestRowLabel, max(width, TerminalMap.leastWidth) / 3) + 1
        // Heading 1, empty lines 2, legend 1, explanation 2, and the prompt that follows 1.
        let others =
            TerminalMap.longestColumnLabel(height: height) + TerminalMap.mostTextLines(height: height) + 7
        return Resolution(rows: max(4, height - others), columns: max(4, (width - names) / 2))
    }
}

/// A panel laid out in lines.
struct TerminalMap {
    static let leastWidth = 12
    /// Longer names are cut: maps, not names, should fill the screen.
    static let longestRowLabel = 16
    static func longestColumnLabel(height: Int?) -> Int { min(10, max(3, (height ?? 50) / 5)) }
    /// A text of more lines is cut: its tokens are on the map.
    static func mostTextLines(height: Int?) -> Int { (height ?? 50) < 40 ? 1 : 3 }

    let panel: MapPanel
    let width: Int
    let color: TerminalColor
    private let labelWidth: Int
    private let longestColumnLabel: Int

    init(panel: MapPanel, width: Int, height: Int? = nil, color: TerminalColor) {
        longestColumnLabel = Self.longestColumnLabel(height: height)
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
                let title = "columns \(block.lowerBound + 1)–\(block.upperBound) of \(keys)"
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

    func wrap(_ text: String, limit: Int = .max) -> [String] {
        VisibleText.wrap(text, columns: width, limit: limit)
    }

    /// The keys' names, one character a line, standing on the map.
    private func header(_ keys: Range<Int>) -> [String] {
        let labels = keys.map { key in
            let label = Array(panel.keys[key])
            return label.count > longestColumnLabel
                ? label.prefix(longestColumnLabel - 1) + ["⋮"] : label
        }
        let height = labels.map(\.count).max() ?? 0
        let margin = String(repeating: " ", count: labelWidth + 1)
        return (0..<height).map { line in
            let cells = labels.map { label -> String in
                let index = line - (height - label.count)
                guard index >= 0 else { return "  " }
                // A cluster of several wide letters would push the columns after it to the right.
                return pad(VisibleText.width(label[index]) > 2 ? "…" : String(label[index]), to: 2)
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
        String(unicodeScalars.dropLast(unicodeScalars.reversed().prefix { $0 == " " }.count))
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
