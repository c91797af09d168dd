import AttentionMaps
import Testing

@Suite struct TerminalTests {
    static let awkward = [
        "[CLS]", "中文", "日本語テキスト", "👩‍👩‍👧", "🇨🇭", "❤️", "\u{202E}live", "\u{1B}[31mred", "a\u{301}", "\u{301}", "",
        " ", "\n", "\t", "\u{200B}", "\u{200D}", String(repeating: "long", count: 30), "[SEP]",
    ]

    /// The text without colour sequences.
    static func plain(_ text: String) -> String {
        text.replacing(/\u{1B}\[[0-9;]*m/, with: "")
    }

    @Test(arguments: [12, 20, 33, 80, 200], TerminalColor.allCases)
    func fitsTheWidth(width: Int, color: TerminalColor) throws {
        let map = try SampleMaps.map(Self.awkward, layers: 1, heads: 2, text: "a\u{1B}]0;x\u{7} 中文 text")
        let text = try map.terminalText(.head(layer: 0, head: 1), width: width, color: color)
        for line in Self.plain(text).split(separator: "\n") {
            #expect(VisibleText.width(String(line)) <= width, "\(line)")
        }
    }

    @Test func nothingOfATokenReachesTheTerminalRaw() throws {
        let map = try SampleMaps.map(Self.awkward, layers: 1, heads: 1, text: Self.awkward.joined())
        let text = try map.terminalText(.mean, width: 300)
        #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
        for hidden in ["\u{202E}", "\u{200B}"] as [Unicode.Scalar] {
            #expect(!text.unicodeScalars.contains(hidden))
        }
        #expect(text.contains("\\u{202E}live") && text.contains("\\u{1B}[31mred"))
    }

    @Test func rowsOfOneTableLineUp() throws {
        let map = try SampleMaps.map(["中", "a", "[SEP]"], layers: 1, heads: 1)
        let lines = try map.terminalText(.mean, width: 80, color: .trueColor).split(separator: "\n")
        let rows = lines.filter { $0.contains("\u{1B}[48;2;") && !$0.contains(" 0.") }.map {
            VisibleText.width(String($0.prefix { $0 != "\u{1B}" }))
        }
        #expect(rows == [6, 6, 6])
    }

    /// A name above a column is cut where it is longer than the screen allows, and not before.
    @Test(arguments: [(nil, 10), (50, 10), (30, 6), (10, 3)] as [(Int?, Int)])
    func namesAboveColumns(height: Int?, longest: Int) throws {
        for (count, isCut) in [(longest - 1, false), (longest, false), (longest + 1, true)] {
            let name = String("abcdefghijklmnop".prefix(count))
            let map = try SampleMaps.map([name], layers: 1, heads: 1, text: "t")
            let text = try map.terminalText(.mean, height: height)
            #expect(text.contains("⋮") == isCut, "\(count): \(text)")
        }
    }

    @Test func showsAFewKeysAtATimeWhereTheyDoNotFit() throws {
        let map = try SampleMaps.map((0..<50).map { "t\($0)" }, layers: 1, heads: 1)
        let text = try map.terminalText(.mean, width: 40)
        #expect(text.contains("columns 1–18 of 50") && text.contains("columns 37–50 of 50"))
    }

    @Test func denserMeansMore() throws {
        let map = try AttentionMap(
            model: "m", text: "t", tokens: SampleMaps.tokens(["a", "b"]), layers: [0], heads: [0],
            weights: [1, 0, 0.5, 0.5])
        let lines = try map.terminalText(.mean).split(separator: "\n").map(String.init)
        #expect(lines.contains("a @@"))
        #expect(lines.contains { $0.hasPrefix("b ====") || $0.hasPrefix("b ++++") })
    }

    @Test func oneTokenIsEnough() throws {
        let map = try SampleMaps.map(["a"], layers: 1, heads: 1)
        #expect(try map.terminalText(.head(layer: 0, head: 0)).contains("a @@"))
    }

    @Test func askingTheEnvironment() {
        func color(_ environment: [String: String], _ isTerminal: Bool = true) -> TerminalColor {
            .detect(environment: environment, isTerminal: isTerminal)
        }
        #expect(color(["TERM": "xterm-256color", "COLORTERM": "truecolor"]) == .trueColor)
        #expect(color(["TERM": "xterm-256color"]) == .ansi256)
        #expect(color(["TERM": "xterm-256color"], false) == .none)
        #expect(color(["TERM": "xterm", "NO_COLOR": "1"]) == .none)
        #expect(color(["TERM": "xterm", "NO_COLOR": ""]) == .ansi256)
        #expect(color(["TERM": "dumb", "COLORTERM": "truecolor"]) == .none)
        #expect(color([:]) == .none)
    }

    @Test func aTextWithManyLinesStaysOnAFew() throws {
        let text = (0..<500).map { "word\($0)" }.joined(separator: "\n")
        let map = try SampleMaps.story(layers: 1, heads: 1)
        let long = try AttentionMap(
            model: "m", text: text, tokens: map.keys, layers: [0], heads: [0], weights: map.weights)
        let lines = try long.terminalText(.mean, width: 60).split(separator: "\n")
        #expect(lines[1].hasPrefix("word0 word1 word2") && lines[3].hasSuffix("…"))
        #expect(!lines[4].contains("word"))
        // Line ends of the text are spaces in a title, and signs as tokens.
        #expect(!lines.joined().contains("\\n") && lines.contains { $0.contains("↵") })
    }

    @Test(arguments: [(80, 24), (80, 50), (120, 40), (40, 30), (200, 60)])
    func aMapFitsTheScreen(width: Int, height: Int) throws {
        let resolution = AttentionMap.resolution(forTerminalOfWidth: width, height: height)
        func tokens(_ count: Int) -> [AttentionMap.Token] {
            (0..<count).map { .init("a long word \($0)") }
        }
        let (rows, columns) = (resolution.rows, resolution.columns)
        let map = try AttentionMap(
            model: "model", text: String(repeating: "words ", count: 900), queries: tokens(rows),
            keys: tokens(columns), layers: [0], heads: [0],
            weights: Array(repeating: 1 / Float(columns), count: rows * columns))
        let lines = try map.terminalText(.mean, width: width, height: height).split(
            separator: "\n", omittingEmptySubsequences: false)
        // A narrow screen breaks the explanation into more lines.
        #expect(lines.count <= height + (width < 80 ? 3 : 0), "\(lines.count)")
        #expect(rows >= height / 3)
        #expect(lines.allSatisfy { VisibleText.width(String($0)) <= width })
    }

    /// The widths are those of Python's wcwidth 0.9.4 (`wcswidth`).
    @Test(arguments: WidthSamples.widths) func widthsOfTheReference(text: String, width: Int) {
        #expect(VisibleText.width(text) == width, "\(text)")
    }

    @Test func controlsAreWrittenOut() {
        let kept = "a\n\tb é 中 👩‍👩‍👧 \u{202E}\u{AD}e\u{301}"
        #expect(Array(VisibleText.writingOutControls(kept).unicodeScalars) == Array(kept.unicodeScalars))
        #expect(VisibleText.writingOutControls("") == "")
        #expect(
            VisibleText.writingOutControls("a\u{1B}[0m\r\nb\u{0}\u{7F}\u{9B}c")
                == #"a\u{1B}[0m\r"# + "\n" + #"b\u{0}\u{7F}\u{9B}c"#)
    }

    @Test func labels() {
        #expect(VisibleText.label(" capital") == "capital")
        #expect(VisibleText.label(" ") == "␣" && VisibleText.label("  ") == "␣␣")
        #expect(VisibleText.label("\n") == "↵" && VisibleText.label("\r\n") == "↵")
        #expect(VisibleText.label("a\tb") == "a⇥b")
        #expect(VisibleText.label("") == "∅")
        #expect(VisibleText.line(" a\n\n b\t c ") == "a b c")
        #expect(VisibleText.paragraph("a\n\n\u{1B}[1mb\n") == "a\n\\u{1B}[1mb\n")
        #expect(VisibleText.wrap("中文中文 ab", columns: 5) == ["中文", "中文", "ab"])
        #expect(VisibleText.wrap("a b c d e f", columns: 3, limit: 2) == ["a b", "c …"])
        #expect(VisibleText.wrap("", columns: 3) == [])
    }

    @Test func widths() {
        #expect(VisibleText.width("ab") == 2)
        #expect(VisibleText.width("中ｱ") == 3)
        #expect(VisibleText.width("👩‍👩‍👧") == 2)
        #expect(VisibleText.width("e\u{301}") == 1)
        #expect(VisibleText.shorten("日本語", to: 4) == "日…")
        #expect(VisibleText.shorten("abc", to: 3) == "abc")
        #expect(VisibleText.escape("\u{301}") == "\u{25CC}\u{301}")
        #expect(VisibleText.escape("a" + String(repeating: "\u{301}", count: 500)).unicodeScalars.count == 12)
        #expect(VisibleText.escape("👩‍👩‍👧") == "👩‍👩‍👧")
    }
}
