import Foundation

extension AttentionMap {
    /// A picture as PNG, with the tokens in a built-in bitmap font: Latin, Greek and Cyrillic letters, kana,
    /// Hangul, common Chinese characters and symbols. Other characters are written as their code points;
    /// ``scriptsWithoutGlyphs`` names them.
    ///
    /// - Parameters:
    ///   - selection: The head, mean or roll-out to show enlarged, or nil for all heads as small maps.
    ///   - hidden: Keys whose columns are left out; rows are then scaled to sum to 1 again.
    /// - Throws: ``AttentionMapError`` if the selection was not captured, nothing is left to show, or the
    ///   picture would be larger than 2²⁸ pixels.
    public func png(
        _ selection: Selection? = nil, hiding hidden: HiddenKeys = []
    ) throws(AttentionMapError) -> Data {
        let figure = try figure(selection, hiding: hidden, spell: PictureFont.spell)
        var canvas = try PixelCanvas(figure)
        for mark in figure.marks { canvas.draw(mark) }
        return Data(
            PNGEncoder.encode(
                pixels: canvas.pixels, width: canvas.width, height: canvas.height,
                palette: PixelCanvas.palette))
    }
}

/// Draws a figure's marks in pixels of a palette.
struct PixelCanvas {
    /// The weights' colours come first, then paper and inks.
    static let levels = 240
    static let palette =
        (0..<levels).map { ColorRamp.light[Float($0) / Float(levels - 1)] }
        + [paper, strong, muted].map(\.1)

    private static let paper = (UInt8(levels), ColorRamp.Color(0xFFFFFF))
    private static let strong = (UInt8(levels + 1), ColorRamp.Color(0x211252))
    private static let muted = (UInt8(levels + 2), ColorRamp.Color(0x625F73))
    static let mostPixels = 1 << 28

    let width: Int
    let height: Int
    /// Pixels a unit: two, so that small type is legible, or one in very large pictures.
    private let zoom: Int
    private(set) var pixels: [UInt8]

    init(_ figure: MapFigure) throws(AttentionMapError) {
        let (area, overflow) = figure.width.multipliedReportingOverflow(by: figure.height)
        guard !overflow, area <= Self.mostPixels else {
            throw .tooLarge(width: figure.width, height: figure.height)
        }
        zoom = area <= Self.mostPixels / 16 ? 2 : 1
        width = figure.width * zoom
        height = figure.height * zoom
        pixels = [UInt8](repeating: Self.paper.0, count: width * height)
    }

    mutating func draw(_ mark: MapFigure.Mark) {
        switch mark {
        case .cells(let matrix, let scale, let x, let y, let cell):
            for query in 0..<matrix.queryCount {
                for (key, weight) in matrix.row(query).enumerated() {
                    let level = UInt8(min(weight / scale, 1) * Float(Self.levels - 1))
                    fill(level, x: x + key * cell, y: y + query * cell, width: cell, height: cell)
                }
            }
        case .text(let text, let x, let y, let ink, let upwards):
            write(text, x: x, y: y, ink: ink, upwards: upwards)
        case .scale(let x, let y, let width, let height):
            for step in 0..<width {
                let level = UInt8(step * (Self.levels - 1) / (width - 1))
                fill(level, x: x + step, y: y, width: 1, height: height)
            }
        }
    }

    private mutating func write(_ text: String, x: Int, y: Int, ink: MapFigure.Ink, upwards: Bool) {
        let color = ink == .muted ? Self.muted.0 : Self.strong.0
        var column = 0
        for character in text {
            let columns = VisibleText.width(character)
            // A vowel of Hangul by itself takes no column: it joins the sign before it.
            let start = columns == 0 ? max(0, column - 1) : column
            for glyph in PictureFont.shared.glyphs(of: character) ?? [] {
                for dot in glyph.ink(inColumns: max(1, columns)) {
                    // Glyphs are drawn for two pixels a unit; at one pixel, four dots share one.
                    let along = (start * PictureFont.columnWidth + dot.x) * zoom / 2
                    let across = (dot.y * zoom).floorDivided(by: 2)
                    let place =
                        upwards
                        ? (x * zoom + across, y * zoom - along - 1) : (x * zoom + along, y * zoom + across)
                    set(color, x: place.0, y: place.1)
                    // Bold is the glyph with every stroke one pixel wider.
                    if ink == .strong, !upwards { set(color, x: place.0 + 1, y: place.1) }
                }
            }
            column += columns
        }
    }

    private mutating func set(_ color: UInt8, x: Int, y: Int) {
        guard x >= 0, x < width, y >= 0, y < height else { return }
        pixels[y * width + x] = color
    }

    /// Fills a rectangle given in units; what lies outside the picture is left out.
    private mutating func fill(
        _ color: UInt8, x: Int, y: Int, width columns: Int, height rows: Int
    ) {
        let left = max(0, x * zoom)
        let right = min(width, (x + columns) * zoom)
        let top = max(0, y * zoom)
        let bottom = min(height, (y + rows) * zoom)
        guard left < right, top < bottom else { return }
        for row in top..<bottom {
            for column in left..<right { pixels[row * width + column] = color }
        }
    }
}

extension Int {
    /// The quotient rounded down, also below 0.
    fileprivate func floorDivided(by divisor: Int) -> Int {
        (self - (self % divisor + divisor) % divisor) / divisor
    }
}
