/// A text on the command line: itself, or standard input where it is `-`.
enum TextArgument {
    static func read(_ argument: String) throws -> String {
        argument == "-" ? try TextFile(path: argument).text() : argument
    }
}
