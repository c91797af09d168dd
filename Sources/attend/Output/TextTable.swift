import AttentionMaps

/// Rows in aligned columns; columns that are empty throughout are left out.
struct TextTable {
    let rows: [[String]]
    /// The columns whose content stands at their right, such as numbers.
    let rightAligned: Set<Int>

    var lines: [String] {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { VisibleText.width($0[column]) }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().filter { widths[$0.offset] > 0 }.map { column, text in
                let space = String(repeating: " ", count: widths[column] - VisibleText.width(text))
                return rightAligned.contains(column) ? space + text : text + space
            }
            let line = cells.joined(separator: "  ")
            let end = line.unicodeScalars.reversed().prefix { $0 == " " }.count
            return String(line.unicodeScalars.dropLast(end)) + "\n"
        }
    }
}
