import AttentionJSON

/// The form in which a terminal shows weights.
public enum TerminalColor: Sendable, Equatable, CaseIterable {
    /// Characters from light to dense, for pipes, files and terminals without colour.
    case none
    /// The 256 colours of xterm.
    case ansi256
    /// 24-bit colours.
    case trueColor

    /// The colours that the environment asks for: `NO_COLOR`, `TERM=dumb` and an output that is no terminal
    /// turn colour off, `COLORTERM` tells of 24 bits.
    public static func detect(environment: [String: String], isTerminal: Bool) -> TerminalColor {
        let environment = [ExactString: String](environment)
        guard isTerminal, environment["NO_COLOR", default: ""].isEmpty else { return .none }
        let term = ExactString(environment["TERM", default: ""])
        if term.isEmpty || term == "dumb" { return .none }
        let colors = ExactString(environment["COLORTERM", default: ""].lowercased())
        if colors == "truecolor" || colors == "24bit" || term.hasSuffix("-direct") { return .trueColor }
        return .ansi256
    }

    /// A cell two columns wide, at a place of the scale from 0 to 1.
    func cell(_ place: Float) -> String {
        switch self {
        case .none:
            let index = Int((place * Float(Self.characters.count - 1)).rounded())
            let character = Self.characters[min(max(index, 0), Self.characters.count - 1)]
            return String(repeating: character, count: 2)
        case .ansi256:
            return "\u{1B}[48;5;\(Self.cube(ColorRamp.dark[place]))m  "
        case .trueColor:
            let color = ColorRamp.dark[place]
            return "\u{1B}[48;2;\(color.red);\(color.green);\(color.blue)m  "
        }
    }

    /// Ends the colours of a row of cells.
    var reset: String { self == .none ? "" : "\u{1B}[0m" }

    func bold(_ text: String) -> String { self == .none ? text : "\u{1B}[1m\(text)\u{1B}[0m" }
    func dim(_ text: String) -> String { self == .none ? text : "\u{1B}[2m\(text)\u{1B}[0m" }

    private static let characters: [Character] = Array(" .:-=+*#%@")

    /// The nearest colour of xterm's 6 × 6 × 6 cube, whose levels are 0, 95, 135, 175, 215 and 255.
    private static func cube(_ color: ColorRamp.Color) -> Int {
        func level(_ value: UInt8) -> Int { value < 48 ? 0 : value < 115 ? 1 : (Int(value) - 35) / 40 }
        return 16 + 36 * level(color.red) + 6 * level(color.green) + level(color.blue)
    }
}
