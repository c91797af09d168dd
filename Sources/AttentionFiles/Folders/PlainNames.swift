import AttentionJSON

/// Whether `name` leads to a file in the folder where it is looked up, and nowhere else.
package func isPlainFileName(_ name: some StringProtocol) -> Bool {
    !name.isEmpty && ![".", ".."].contains(exactly: name) && !name.utf8.contains(UInt8(ascii: "/"))
        && !name.utf8.contains(UInt8(ascii: "\\")) && !hasControlCharacters(name)
}

/// A path's last name; the path itself where it has none. `models/x/` is named `x`.
package func lastName(of path: String) -> String {
    ExactString(path).split(separator: "/").last?.string ?? path
}

/// The folder that a file's path leads to, `.` where the path names none, and the file's name there.
package func folderAndName(ofFile path: String) -> (folder: String, name: String) {
    let scalars = path.unicodeScalars
    guard let slash = scalars.lastIndex(of: "/") else { return (".", path) }
    return (
        slash == scalars.startIndex ? "/" : String(scalars[..<slash]),
        String(scalars[scalars.index(after: slash)...])
    )
}

/// Whether `path` leads downwards only: plain names with slashes between them.
package func isPlainRelativePath(_ path: String) -> Bool {
    ExactString(path).split(separator: "/", omittingEmptySubsequences: false)
        .allSatisfy { isPlainFileName($0.string) }
}

package func hasControlCharacters(_ text: some StringProtocol) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control }
}

extension ExactString {
    /// The text with small letters for ASCII's capital ones. `lowercased()` also makes k of the Kelvin sign.
    package var lowercasedASCII: Self {
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            let isCapital = (0x41...0x5A).contains(scalar.value)
            scalars.append(isCapital ? Unicode.Scalar(UInt8(scalar.value) | 0x20) : scalar)
        }
        return Self(String(scalars))
    }
}
