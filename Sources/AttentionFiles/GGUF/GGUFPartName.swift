import AttentionJSON

/// The name of a file that is one part of a model: `model-00002-of-00003.gguf`. The first part has the
/// metadata.
package struct GGUFPartName: Hashable, Sendable {
    /// The text before the numbers, folders included.
    package let stem: String
    /// From 1 on.
    package let number: Int
    package let count: Int

    /// Nil if the name is not of this form.
    package init?(_ name: String) {
        guard let match = name.wholeMatch(of: /(.+)-([0-9]{5})-of-([0-9]{5})\.gguf/),
            let number = Int(match.2), let count = Int(match.3), number > 0, number <= count
        else { return nil }
        (stem, self.number, self.count) = (String(match.1), number, count)
    }

    /// The names of all parts, in order.
    package var all: [String] { (1...count).map { self[$0] } }

    /// The name of another part.
    subscript(number: Int) -> String { stem + Self.ending(number, of: count) }

    /// The end of a part's name.
    static func ending(_ number: Int, of count: Int) -> String {
        "-\(digits(number))-of-\(digits(count)).gguf"
    }

    private static func digits(_ number: Int) -> String {
        String(repeating: "0", count: 5 - "\(number)".count) + "\(number)"
    }

    /// Whether a file is called as GGUF files are.
    package static func isModel(_ name: String) -> Bool {
        ExactString(name.lowercased()).hasSuffix(".gguf")
    }

    /// The GGUF files among `names` that a model begins with: every whole file, and the first part of every
    /// split one.
    package static func models(among names: some Sequence<String>) -> [String] {
        names.filter { isModel($0) && (Self($0)?.number ?? 1) == 1 }
    }
}
