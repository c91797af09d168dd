extension AttentionMap {
    /// A picture as SVG, complete in itself.
    ///
    /// - Parameters:
    ///   - selection: The head, mean or roll-out to show enlarged, or nil for all heads as small maps.
    ///   - hidden: Keys whose columns are left out; rows are then scaled to sum to 1 again.
    /// - Throws: ``AttentionMapError`` if the selection was not captured or nothing is left to show.
    public func svg(
        _ selection: Selection? = nil, hiding hidden: HiddenKeys = []
    ) throws(AttentionMapError) -> String {
        SVGMap(figure: try figure(selection, hiding: hidden, spell: { $0 })).document()
    }

    /// The layout that SVG and PNG share.
    func figure(
        _ selection: Selection?, hiding hidden: HiddenKeys, spell: @escaping (String) -> String
    ) throws(AttentionMapError) -> MapFigure {
        let explanation = MapPanel.explanation(hiding: hidden)
        guard let selection else {
            return try .grid(of: self, hiding: hidden, explanation: explanation, spell: spell)
        }
        return .single(
            try panel(selection, hiding: hidden), model: visibleModel, text: visibleText,
            explanation: explanation, spell: spell)
    }
}

/// Writes a figure as SVG.
struct SVGMap {
    /// Weights are drawn in so many colours; more cannot be told apart.
    private static let levels = 64
    /// A unit is this many pixels where nothing scales the picture.
    private static let zoom = 3

    let figure: MapFigure

    func document() -> String {
        let (width, height) = (figure.width, figure.height)
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" "
                + "width=\"\(width * Self.zoom / 2)\" height=\"\(height * Self.zoom / 2)\" role=\"img\">",
            "<style>text{font:10px ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\","
                + "\"Noto Sans Mono CJK SC\",monospace;white-space:pre;fill:#211252}"
                + ".s{font-weight:bold}.m{fill:#625f73}path{shape-rendering:crispEdges}</style>",
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
        ]
        for mark in figure.marks { lines.append(draw(mark)) }
        lines.append("</svg>\n")
        return lines.joined(separator: "\n")
    }

    private func draw(_ mark: MapFigure.Mark) -> String {
        switch mark {
        case .cells(let matrix, let scale, let x, let y, let cell):
            return cells(matrix, scale: scale, transform: "translate(\(x) \(y)) scale(\(cell))")
        case .text(let text, let x, let y, let ink, let upwards):
            let style = ink == .strong ? " class=\"s\"" : ink == .muted ? " class=\"m\"" : ""
            let place = upwards ? "transform=\"translate(\(x) \(y)) rotate(-90)\"" : "x=\"\(x)\" y=\"\(y)\""
            // The length keeps labels beside their rows whatever font the reader has.
            let length = "textLength=\"\(MapFigure.measure(text))\" lengthAdjust=\"spacingAndGlyphs\""
            return "<text \(place)\(style) \(length)>\(MarkupText.escape(text))</text>"
        case .scale(let x, let y, let width, let height):
            let step = width / 20
            return (0..<20).map { index in
                "<path fill=\"\(ColorRamp.light[Float(index) / 19].hex)\" "
                    + "d=\"M\(x + index * step) \(y)h\(step)v\(height)h-\(step)z\"/>"
            }.joined()
        }
    }

    /// One path a colour, with neighbours of one colour joined: far smaller than a rectangle a weight.
    private func cells(_ matrix: AttentionMatrix, scale: Float, transform: String) -> String {
        var paths = [String](repeating: "", count: Self.levels)
        for query in 0..<matrix.queryCount {
            let levels = matrix.row(query).map { Int(($0 / scale * Float(Self.levels - 1)).rounded()) }
            var start = 0
            for key in 1...levels.count where key == levels.count || levels[key] != levels[start] {
                let run = key - start
                paths[min(levels[start], Self.levels - 1)] += "M\(start) \(query)h\(run)v1h-\(run)z"
                start = key
            }
        }
        let drawn = paths.enumerated().filter { !$0.element.isEmpty }.map { level, path in
            let color = ColorRamp.light[Float(level) / Float(Self.levels - 1)].hex
            return "<path fill=\"\(color)\" d=\"\(path)\"/>"
        }
        return "<g transform=\"\(transform)\">" + drawn.joined() + "</g>"
    }
}

/// Text in XML and HTML.
enum MarkupText {
    /// The text with the five characters that mean something in markup written as references.
    static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
