/// A name from a file as an error message shows it: in quotes, cut short, and with everything escaped that
/// a terminal could take as a command.
package func quoted(_ text: some StringProtocol) -> String { "'" + excerpt(text) + "'" }

/// The beginning of `text`, safe to print.
package func excerpt(_ text: some StringProtocol, limit: Int = 120) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
            shown += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.dropFirst(limit).isEmpty ? shown : shown + "…"
}

/// A byte as an error message shows it: the character where it is a visible one.
package func describe(byte: UInt8) -> String {
    (0x21..<0x7F).contains(byte)
        ? "'\(Unicode.Scalar(byte))'"
        : "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
}
