/// Whether `name` leads to a file in the folder where it is looked up, and nowhere else.
package func isPlainFileName(_ name: some StringProtocol) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/"))
        && !name.utf8.contains(UInt8(ascii: "\\")) && !hasControlCharacters(name)
}

/// Whether `path` leads downwards only: plain names with slashes between them.
package func isPlainRelativePath(_ path: String) -> Bool {
    path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPlainFileName)
}

package func hasControlCharacters(_ text: some StringProtocol) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control }
}
