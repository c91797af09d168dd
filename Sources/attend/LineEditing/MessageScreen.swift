import Foundation

/// The part of the terminal in which a message is edited.
struct MessageScreen {
    private let prompt: String
    /// The cursor's row, counted from the first row that was drawn.
    private var cursorRow = 0

    init(prompt: String) { self.prompt = prompt }

    /// Draws the message over the one that was drawn before: all of it, or as many rows as the terminal has.
    mutating func draw(_ line: LineBuffer) {
        let size = Terminal.size(of: STDOUT_FILENO)
        let (rows, cursor) = layout(line, size).window(height: max(size.rows - 1, 1))
        var text = start + rows.joined(separator: "\r\n")
        let rise = rows.count - 1 - cursor.row
        if rise > 0 { text += "\u{1B}[\(rise)A" }
        text += "\r"
        if cursor.column > 0 { text += "\u{1B}[\(cursor.column)C" }
        Self.write(text)
        cursorRow = cursor.row
    }

    /// Draws all rows of a message that is not edited any more, and goes to the row behind them.
    ///
    /// - Parameter mark: Stands behind the message.
    mutating func finish(_ line: LineBuffer, mark: String = "") {
        let rows = layout(line, Terminal.size(of: STDOUT_FILENO)).rows
        Self.write(start + rows.joined(separator: "\r\n") + mark + "\r\n")
        cursorRow = 0
    }

    /// Empties the terminal.
    mutating func clear() {
        Self.write("\u{1B}[H\u{1B}[2J")
        cursorRow = 0
    }

    private func layout(_ line: LineBuffer, _ size: (columns: Int, rows: Int)) -> MessageLayout {
        MessageLayout(line, prompt: prompt, columns: size.columns)
    }

    /// Goes back to the first row, and removes what was drawn.
    private var start: String { (cursorRow > 0 ? "\u{1B}[\(cursorRow)A" : "") + "\r\u{1B}[J" }

    private static func write(_ text: String) { try? FileBytes.write(Array(text.utf8), to: STDOUT_FILENO) }
}
