/// A text on the command line: itself, or standard input where it is `-`.
enum TextArgument {
    /// Standard input without any text is a mistake; an empty text on the command line is meant.
    ///
    /// - Throws: ``Failure``, as ``TextFile/text()``, and for standard input that is empty.
    static func read(_ argument: String) throws -> String {
        let file = TextFile(path: argument)
        guard file.isStandardInput else { return argument }
        let text = try file.text()
        guard !text.isEmpty else { throw Failure(.badData, "standard input is empty: expected a text") }
        return text
    }
}
