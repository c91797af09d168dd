import AttentionJSON

/// Cutting, searching, joining and padding of strings.
extension JinjaRenderer {
    func split(
        _ text: JinjaText, _ arguments: JinjaArguments, fromRight: Bool
    ) throws(JinjaFault) -> JinjaValue {
        let values = try arguments.bound("sep", "maxsplit", for: "split")
        let most = try integer(values[1], default: -1, for: "split")
        let limit = most < 0 ? Int.max : most
        // From the right is from the left in the text turned round.
        let source = fromRight ? JinjaText(units: text.units.reversed()) : text
        var pieces: [ArraySlice<UInt32>] = []
        if let separator = values[0], !separator.isNone {
            var separator = try argument(separator, "split")
            guard !separator.isEmpty else { throw .failed("empty separator") }
            if fromRight { separator.units.reverse() }
            let places = source.places(of: separator, limit: limit)
            try charge(2 * places.count)
            var start = 0
            for place in places {
                pieces.append(source.units[start..<place])
                start = place + separator.count
            }
            pieces.append(source.units[start...])
        } else {
            try charge(text.count)
            pieces = Self.words(source.units, limit: limit)
        }
        if fromRight { return try texts(pieces.reversed().map { text.with($0.reversed()) }) }
        return try texts(pieces.map { text.with($0) })
    }

    private static func words(_ units: [UInt32], limit: Int) -> [ArraySlice<UInt32>] {
        var words: [ArraySlice<UInt32>] = []
        var rest = units.drop(while: JinjaText.isSpace)
        while !rest.isEmpty, words.count < limit {
            let word = rest.prefix { !JinjaText.isSpace($0) }
            words.append(word)
            rest = rest.dropFirst(word.count).drop(while: JinjaText.isSpace)
        }
        if !rest.isEmpty { words.append(rest) }
        return words
    }

    func stripped(
        _ text: JinjaText, _ side: JinjaText.Side, _ characters: JinjaValue?
    ) throws(JinjaFault) -> JinjaText {
        guard let characters, !characters.isNone else { return text.stripped(side) }
        let set = Set(try argument(characters, "strip").units.map { $0 & ~JinjaText.mark })
        return text.stripped(side) { set.contains($0 & ~JinjaText.mark) }
    }

    func hasAffix(
        _ text: JinjaText, _ name: ExactString, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> Bool {
        let values = try arguments.bound("affix", "start", "end", required: 1, for: name)
        let part = try part(of: text, values[1], values[2])
        var affixes = [values[0] ?? .null]
        if case .tuple(let sequence) = affixes[0] { affixes = sequence.items }
        for affix in affixes {
            let affix = try argument(affix, name)
            if name == "startswith" ? part.text.hasPrefix(affix) : part.text.hasSuffix(affix) { return true }
        }
        return false
    }

    /// `text[start:end]`, and its first place.
    private func part(
        of text: JinjaText, _ start: JinjaValue?, _ end: JinjaValue?
    ) throws(JinjaFault) -> (text: JinjaText, start: Int) {
        func clamped(_ value: JinjaValue?, _ standard: Int) throws(JinjaFault) -> Int {
            guard let value, !value.isNone else { return standard }
            let index = try integer(value, default: 0, for: "a place in a string")
            return min(max(index < 0 ? max(index, -text.count) + text.count : index, 0), text.count)
        }
        let first = try clamped(start, 0)
        let last = try clamped(end, text.count)
        return (JinjaText(text.units[first..<max(first, last)]), first)
    }

    func search(
        _ text: JinjaText, _ name: ExactString, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        let values = try arguments.bound("sub", "start", "end", required: 1, for: name)
        let wanted = try argument(values[0], name)
        let part = try part(of: text, values[1], values[2])
        if name == "count" {
            return .integer(wanted.isEmpty ? part.text.count + 1 : part.text.places(of: wanted).count)
        }
        let place = name.hasPrefix("r") ? part.text.last(wanted) : part.text.first(wanted)
        guard let place else {
            if name.hasSuffix("index") { throw .failed("substring not found") }
            return .integer(-1)
        }
        return .integer(place + part.start)
    }

    func replacing(
        in text: JinjaText, _ old: JinjaText, _ new: JinjaText, _ count: JinjaValue?
    ) throws(JinjaFault) -> JinjaText {
        var limit = count?.isNone == true ? -1 : try integer(count, default: -1, for: "replace")
        if limit < 0 { limit = .max }
        let places = old.isEmpty ? Array((0...text.count).prefix(limit)) : text.places(of: old, limit: limit)
        try charge(places.count)
        let (growth, overflow) = Self.product(places.count, new.count).addingReportingOverflow(text.count)
        try reserve(units: overflow ? .max : growth)
        var units: [UInt32] = []
        var start = 0
        for place in places {
            units += text.units[start..<place]
            units += new.units
            start = place + old.count
        }
        return text.with(units + text.units[start...])
    }

    func joined(_ parts: [JinjaText], with separator: JinjaText) throws(JinjaFault) -> JinjaText {
        let inner = parts.reduce(0) { $0 + $1.count }
        try reserve(units: inner + min(Self.product(separator.count, parts.count), .max / 4))
        var units: [UInt32] = []
        for (index, part) in parts.enumerated() {
            if index > 0 { units += separator.units }
            units += part.units
        }
        return separator.with(units)
    }

    func partition(
        _ text: JinjaText, _ name: ExactString, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        let separator = try argument(arguments.bound("sep", required: 1, for: name)[0], name)
        guard !separator.isEmpty else { throw .failed("empty separator") }
        let isLast = name == "rpartition"
        let empty = JinjaText()
        var parts = isLast ? [empty, empty, text] : [text, empty, empty]
        if let place = isLast ? text.last(separator) : text.first(separator) {
            parts = [
                JinjaText(text.units[..<place]), separator,
                JinjaText(text.units[(place + separator.count)...]),
            ]
        }
        return .tuple(JinjaSequence(flat: parts.map(JinjaValue.string)))
    }

    func padded(
        _ text: JinjaText, _ name: ExactString, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        let values = try arguments.bound("width", "fillchar", required: 1, for: name)
        let width = try integer(values[0], default: 0, for: name)
        let fill =
            try values[1].map { v throws(JinjaFault) in try argument(v, name).units } ?? [
                name == "zfill" ? 0x30 : 0x20
            ]
        guard fill.count == 1 else { throw .failed("The fill character must be exactly one character long") }
        guard width > text.count else { return .string(text) }
        try reserve(units: width)
        let room = width - text.count
        func space(_ count: Int) -> [UInt32] { Array(repeating: fill[0], count: count) }
        switch name {
        case "ljust": return .string(text.with(text.units + space(room)))
        case "rjust": return .string(text.with(space(room) + text.units))
        case "zfill":
            let hasSign = text.units.first.map { [0x2B, 0x2D].contains($0 & ~JinjaText.mark) } ?? false
            let sign = hasSign ? 1 : 0
            return .string(text.with(text.units[..<sign] + space(room) + text.units[sign...]))
        default:
            // Where the room is odd, Python's choice of the side depends on the width.
            let left = room / 2 + (room & width & 1)
            return .string(text.with(space(left) + text.units + space(room - left)))
        }
    }
}
