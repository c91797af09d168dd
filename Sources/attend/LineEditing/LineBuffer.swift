import AttentionMaps

/// A line of text under the hands of an editor: characters and a cursor between them.
struct LineBuffer {
    private(set) var characters: [Character] = []
    /// How many characters stand before the cursor.
    private(set) var cursor = 0

    var text: String { String(characters) }

    init(_ text: String = "") {
        characters = Array(text)
        cursor = characters.count
    }

    mutating func insert(_ text: String) {
        // An accent or a joiner belongs to the character before it: what is one character is found anew.
        let before = String(characters[..<cursor]) + text
        let rest = characters[cursor...]
        characters = Array(before)
        cursor = characters.count
        characters += rest
    }

    mutating func apply(_ key: EditingKey) {
        switch key {
        case .left: cursor = max(cursor - 1, 0)
        case .right: cursor = min(cursor + 1, characters.count)
        case .wordLeft: cursor = wordStart
        case .wordRight: cursor = wordEnd
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .backspace: remove(max(cursor - 1, 0)..<cursor)
        case .delete: remove(cursor..<min(cursor + 1, characters.count))
        case .killWord: remove(wordStart..<cursor)
        case .killToStart: remove(0..<cursor)
        case .killToEnd: remove(cursor..<characters.count)
        default: break
        }
    }

    private mutating func remove(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private var wordStart: Int {
        var index = cursor
        while index > 0, characters[index - 1].isWhitespace { index -= 1 }
        while index > 0, !characters[index - 1].isWhitespace { index -= 1 }
        return index
    }

    private var wordEnd: Int {
        var index = cursor
        while index < characters.count, characters[index].isWhitespace { index += 1 }
        while index < characters.count, !characters[index].isWhitespace { index += 1 }
        return index
    }

    /// The part of the line that a terminal shows, and the cursor's column in it. A line that is too long is
    /// moved to the left until its cursor can be seen.
    func view(columns: Int) -> (text: String, column: Int) {
        let shown = characters.map(Self.shown)
        let widths = shown.map { VisibleText.width($0) }
        var start = 0
        var column = widths[..<cursor].reduce(0, +)
        while column >= columns, start < cursor {
            column -= widths[start]
            start += 1
        }
        var text = ""
        var used = 0
        for index in start..<shown.count {
            used += widths[index]
            if used > columns { break }
            text += shown[index]
        }
        return (text, column)
    }

    /// A character as it can be shown within a line.
    private static func shown(_ character: Character) -> String {
        if character == " " { return " " }
        return character.isNewline ? "⏎" : VisibleText.escape(String(character))
    }
}
