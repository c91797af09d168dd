extension MapFigure {
    /// One matrix, enlarged, with the tokens along both sides.
    static func single(
        _ panel: MapPanel, model: String, text: String, explanation: String,
        spell: @escaping (String) -> String
    ) -> MapFigure {
        var figure = MapFigure(spell: spell)
        let matrix = panel.matrix.pooled(to: mostCells)
        let tokens = max(matrix.queryCount, matrix.keyCount)
        let isLabelled = max(panel.queries.count, panel.keys.count) <= mostLabels
        let cell = tokens <= 24 ? 20 : tokens <= 64 ? 14 : isLabelled ? 11 : 1
        let queries = isLabelled ? panel.queries.map(figure.label) : []
        let keys = isLabelled ? panel.keys.map(figure.label) : []
        let left = margin + (queries.map(measure).max().map { $0 + 6 } ?? 0)
        let contentWidth = max(300, left - margin + matrix.keyCount * cell)
        var y = figure.addHeading(panel.title, model: model, text: text, width: contentWidth)
        y += keys.map(measure).max() ?? 0
        for (index, key) in keys.enumerated() {
            let x = left + index * cell + (cell + capHeight) / 2
            figure.add(.text(key, x: x, y: y, ink: .plain, upwards: true))
        }
        y += 6
        for (index, query) in queries.enumerated() {
            let baseline = y + index * cell + (cell + capHeight) / 2
            figure.add(.text(query, x: left - 6 - measure(query), y: baseline, ink: .plain))
        }
        figure.add(.cells(matrix, scale: panel.scale, x: left, y: y, cell: cell))
        y += matrix.queryCount * cell + 16
        figure.addScale(to: panel.scale.fixed(3), y: y)
        _ = figure.addLines(explanation, baseline: y + 30, width: contentWidth, ink: .muted)
        return figure
    }

    /// All heads of all layers as small maps, one row a layer.
    static func grid(
        of map: AttentionMap, hiding hidden: AttentionMap.HiddenKeys, explanation: String,
        spell: @escaping (String) -> String
    ) throws(AttentionMapError) -> MapFigure {
        var figure = MapFigure(spell: spell)
        let mostTokens = max(map.queries.count, map.keys.count)
        let cell = max(1, 64 / mostTokens)
        let keyCount = try map.keys(without: hidden).count
        let size = (x: min(keyCount, 64) * cell, y: min(map.queries.count, 64) * cell)
        // A number needs room even above the narrowest map.
        let step = (x: max(size.x, 18) + 6, y: max(size.y, 10) + 6)
        let left = margin + (map.layers.map { measure("\($0)") }.max() ?? 0) + 6
        let contentWidth = max(300, left - margin + map.heads.count * step.x)
        var y = figure.addHeading(
            "Every layer (rows) and head (columns), counted from 0", model: map.visibleModel,
            text: map.visibleText, width: contentWidth)
        for (column, head) in map.heads.enumerated() {
            let x = left + column * step.x + (size.x - measure("\(head)")) / 2
            figure.add(.text("\(head)", x: max(x, left + column * step.x), y: y, ink: .muted))
        }
        y += 6
        for (row, layer) in map.layers.enumerated() {
            let top = y + row * step.y
            let number = "\(layer)"
            let baseline = top + (size.y + capHeight) / 2
            figure.add(.text(number, x: left - 6 - measure(number), y: baseline, ink: .muted))
            for (column, head) in map.heads.enumerated() {
                let panel = try map.panel(
                    .head(layer: layer, head: head), hiding: hidden)
                let x = left + column * step.x
                figure.add(.cells(panel.matrix.pooled(to: 64), scale: panel.scale, x: x, y: top, cell: cell))
            }
        }
        y += map.layers.count * step.y + 8
        figure.addScale(to: "each map's largest weight", y: y)
        _ = figure.addLines(explanation, baseline: y + 30, width: contentWidth, ink: .muted)
        return figure
    }

    /// The title, the model and the text; returns the baseline of what follows.
    private mutating func addHeading(_ title: String, model: String, text: String, width: Int) -> Int {
        var y = Self.margin + Self.capHeight
        y = addLines(title, baseline: y, width: width, ink: .strong)
        y = addLines(model, baseline: y, width: width, ink: .muted)
        y = addLines(text, baseline: y, width: width, ink: .plain)
        return y + 6
    }

    private mutating func addScale(to largest: String, y: Int) {
        let baseline = y + Self.capHeight + 1
        add(.text("0", x: Self.margin, y: baseline, ink: .plain))
        add(.scale(x: Self.margin + 12, y: y, width: 120, height: 9))
        add(.text(largest, x: Self.margin + 138, y: baseline, ink: .plain))
    }
}
