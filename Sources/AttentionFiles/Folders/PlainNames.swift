/// Whether `name` leads to a file in the folder where it is looked up, and nowhere else.
package func isPlainFileName(_ name: some StringProtocol) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/"))
        && !name.utf8.contains(UInt8(ascii: "\\")) && !hasControlCharacters(name)
}

/// A path's last name; the path itself where it has none. `models/x/` is named `x`.
package func lastName(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

/// The folder that a file's path leads to, `.` where the path names none, and the file's name there.
func folderAndName(ofFile path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (
        slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...])
    )
}

/// Whether `path` leads downwards only: plain names with slashes between them.
package func isPlainRelativePath(_ path: String) -> Bool {
    path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPlainFileName)
}

package func hasControlCharacters(_ text: some StringProtocol) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control }
}
