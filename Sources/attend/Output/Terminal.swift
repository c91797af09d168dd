import Foundation

/// How much room the terminal has.
enum Terminal {
    /// The columns of the terminal that `descriptor` leads to, or `COLUMNS`, or 80.
    static func width(of descriptor: Int32) -> Int {
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? 0
        return (1...10_000).contains(columns) ? columns : 80
    }
}
