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

    @Test func showsAFewKeysAtATimeWhereTheyDoNotFit() throws {
        let map = try SampleMaps.map((0..<50).map { "t\($0)" }, layers: 1, heads: 1)
        let text = try map.terminalText(.mean, width: 40)
        #expect(text.contains("keys 0–17 of 0–49") && text.contains("keys 36–49 of 0–49"))
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
