/// A picture of attention as a list of marks on a plane of whole units, with the origin at the top left.
/// The SVG and the PNG writer draw the same marks, so both pictures have one layout.
///
/// One unit is a tenth of the type size: a character advances 6 units in the bitmap font and, at a type
/// size of 10, in any monospaced font of the usual proportions; a wide one, such as a Chinese character, 12.
struct MapFigure {
    enum Ink { case strong, plain, muted }

    enum Mark {
        /// A matrix with a square of `cell` units a weight; `scale` gets the strongest colour.
        case cells(AttentionMatrix, scale: Float, x: Int, y: Int, cell: Int)
        /// Text whose baseline starts at (x, y), or that runs upwards from there.
        case text(String, x: Int, y: Int, ink: Ink, upwards: Bool = false)
        /// The colour scale from left to right.
        case scale(x: Int, y: Int, width: Int, height: Int)
    }

    static let margin = 16
    static let advance = 6
    static let lineHeight = 14
    /// The height of capital letters above the baseline.
    static let capHeight = 7
    /// Longer labels are cut.
    static let longestLabel = 18
    /// A text of more lines is cut.
    static let mostTextLines = 8
    /// Above so many tokens names would be smaller than a weight's square.
    static let mostLabels = 512
    /// Above so many tokens several weights share a square.
    static let mostCells = 1024

    private(set) var marks: [Mark] = []
    private(set) var width = 0
    private(set) var height = 0
    /// How the writer's font spells a text; measured before anything is placed.
    let spell: (String) -> String

    init(spell: @escaping (String) -> String) {
        self.spell = spell
    }

    /// Adds a mark and makes room for it.
    mutating func add(_ mark: Mark) {
        marks.append(mark)
        let corner: (x: Int, y: Int)
        switch mark {
        case .cells(let matrix, _, let x, let y, let cell):
            corner = (x + matrix.keyCount * cell, y + matrix.queryCount * cell)
        case .text(let text, let x, let y, _, let upwards):
            corner = (upwards ? x : x + Self.measure(text), y + 2)
        case .scale(let x, let y, let width, let height):
            corner = (x + width, y + height)
        }
        width = max(width, corner.x + Self.margin)
        height = max(height, corner.y + Self.margin)
    }

    /// Adds at most ``mostTextLines`` lines of text at the margin, broken to fit a width in units, and
    /// returns the next baseline.
    mutating func addLines(_ text: String, baseline: Int, width: Int, ink: Ink) -> Int {
        let lines = VisibleText.wrap(
            spell(text), columns: max(1, width / Self.advance), limit: Self.mostTextLines)
        var baseline = baseline
        for line in lines {
            add(.text(line, x: Self.margin, y: baseline, ink: ink))
            baseline += Self.lineHeight
        }
        return baseline
    }

    /// A token's name as it fits beside a map.
    func label(_ text: String) -> String {
        VisibleText.shorten(spell(text), to: Self.longestLabel)
    }

    /// The width of a text in units.
    static func measure(_ text: String) -> Int { VisibleText.width(text) * advance }
}
