import AttentionMaps

/// A message in the rows of a terminal, behind its prompt. Rows end where the terminal does or the message
/// has a line's end.
struct MessageLayout {
    struct Place: Equatable {
        var row: Int
        var column: Int
    }

    private(set) var rows: [String]
    private(set) var cursor: Place

    init(_ line: LineBuffer, prompt: String, columns: Int) {
        var place = Place(row: 0, column: VisibleText.width(prompt))
        let indent = place.column < columns ? place.column : 0
        rows = [prompt]
        cursor = place
        for (index, character) in line.characters.enumerated() {
            if index == line.cursor { cursor = place }
            if character.isNewline {
                rows.append(String(repeating: " ", count: indent))
                place = Place(row: place.row + 1, column: indent)
                continue
            }
            for part in Self.parts(of: character) {
                let width = VisibleText.width(part)
                if place.column + width > columns {
                    rows.append("")
                    place = Place(row: place.row + 1, column: 0)
                    if index == line.cursor { cursor = place }
                }
                rows[place.row].append(part)
                place.column += width
            }
        }
        if line.cursor == line.characters.count { cursor = place }
        // Behind a full row the cursor stands in the next one.
        if cursor.column >= columns {
            if cursor.row == rows.count - 1 { rows.append("") }
            cursor = Place(row: cursor.row + 1, column: 0)
        }
    }

    /// The rows around the cursor, as many as the terminal has, and the cursor's row among them.
    func window(height: Int) -> (rows: ArraySlice<String>, cursor: Place) {
        guard rows.count > height else { return (rows[...], cursor) }
        let start = min(max(cursor.row - height + 1, 0), rows.count - height)
        return (rows[start..<start + height], Place(row: cursor.row - start, column: cursor.column))
    }

    /// A character as it can be shown: itself, or the characters that write it out.
    private static func parts(of character: Character) -> [Character] {
        if character.unicodeScalars.elementsEqual([" "]) { return [character] }
        let shown = VisibleText.escape(String(character))
        return shown.count == 1 ? [Character(shown)] : Array(shown)
    }
}
