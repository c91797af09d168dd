import AttentionJSON
import Foundation

/// The size of the terminal.
enum Terminal {
    /// The columns of the terminal that `descriptor` leads to, or `COLUMNS`, or 80.
    static func width(of descriptor: Int32) -> Int { size(of: descriptor).columns }

    /// The columns and rows of the terminal that `descriptor` leads to, or `COLUMNS` and `LINES`, or 80 and
    /// 24.
    static func size(of descriptor: Int32) -> (columns: Int, rows: Int) {
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
        func measure(_ cells: UInt16, _ variable: String, or other: Int) -> Int {
            if isKnown, cells > 0 { return Int(cells) }
            let setting = Environment.value(variable).flatMap { Int($0.string) } ?? 0
            return (1...10_000).contains(setting) ? setting : other
        }
        return (measure(size.ws_col, "COLUMNS", or: 80), measure(size.ws_row, "LINES", or: 24))
    }
}
