import AttentionJSON

/// The filters. Those for numbers and over sequences are in other extensions.
extension JinjaRenderer {
    static let textFilters: Set<ExactString> = [
        "upper", "lower", "title", "capitalize", "trim", "string", "safe", "e", "escape", "forceescape",
        "tojson", "from_json", "replace", "indent", "center", "format", "truncate", "wordcount", "int",
        "float", "abs", "round",
        "default", "d", "length", "count", "attr",
    ]
    static let sequenceFilters: Set<ExactString> = [
        "first", "last", "list", "reverse", "join", "items", "dictsort", "sort", "unique", "min", "max",
        "sum", "map",
        "select", "reject", "selectattr", "rejectattr", "batch", "slice",
    ]

    func filter(
        _ base: JinjaExpression, _ name: ExactString, _ arguments: JinjaExpression.Arguments, at position: Int
    ) throws(JinjaFault) -> JinjaValue {
        let value = try evaluate(base)
        let values = try evaluate(arguments)
        self.position = position
        return try apply(filter: name, to: value, values)
    }

    func apply(
        filter name: ExactString, to value: JinjaValue, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        try charge()
        if Self.sequenceFilters.contains(name) {
            return try apply(sequenceFilter: name, to: value, arguments)
        }
        guard Self.textFilters.contains(name) else { throw .unsupported("the filter '\(name)'") }
        switch name {
        case "default", "d": return try defaulted(value, arguments)
        case "length", "count":
            try arguments.none(for: name)
            return .integer(try count(of: value))
        case "from_json":
            try arguments.none(for: name)
            return try self.value(ofJSON: text(of: value))
        case "tojson": return try string(json(value, jsonStyle(arguments)))
        case "int", "float", "abs", "round": return try apply(numberFilter: name, to: value, arguments)
        case "attr":
            let attribute = try arguments.bound("name", required: 1, for: name)[0]?.text?.name ?? ""
            if case .dictionary = value, !["get", "items", "keys", "values"].contains(attribute) {
                return .undefined(.attribute(attribute, of: "dict"))
            }
            return try self.attribute(attribute, of: value)
        default: return try apply(textFilter: name, to: value, arguments)
        }
    }

    private func defaulted(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue
    {
        let values = try arguments.bound("default_value", "boolean", for: "default")
        let isMissing = value.isUndefined || (values[1]?.isTrue == true && !value.isTrue)
        return isMissing ? values[0] ?? .string("") : value
    }

    private func apply(
        textFilter name: ExactString, to value: JinjaValue, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        let text = try text(of: value)
        try charge(units: text.count)
        switch name {
        case "trim":
            return .string(try stripped(text, .both, arguments.bound("chars", for: name)[0]))
        case "replace":
            let values = try arguments.bound("old", "new", "count", required: 2, for: name)
            let old = try self.text(of: values[0] ?? .null)
            let new = try self.text(of: values[1] ?? .null)
            return .string(try replacing(in: JinjaText(units: text.units), old, new, values[2]))
        case "indent": return .string(try indented(value, arguments))
        case "center": return try padded(text, name, withDefault(arguments, 80))
        case "format":
            if arguments.keywords.isEmpty {
                return try string(percentFormatted(text, .tuple(JinjaSequence(arguments.positional))))
            }
            var dictionary = JinjaDictionary()
            for (name, value) in arguments.keywords { try dictionary.set(.string(name.string), value) }
            return try string(percentFormatted(text, .dictionary(dictionary)))
        case "truncate": return .string(try truncated(text, arguments))
        default: try arguments.none(for: name)
        }
        switch name {
        case "upper", "lower", "capitalize": return try simpleMethod(name, of: text)
        case "title": return .string(titled(text))
        case "safe": return .string(JinjaText(units: text.units, isMarkup: true))
        case "e", "escape", "forceescape":
            return .string(text.isMarkup && name != "forceescape" ? text : text.escaped)
        case "wordcount": return .integer(wordCount(text))
        default: return .string(text)
        }
    }

    private func withDefault(_ arguments: JinjaArguments, _ first: Int) -> JinjaArguments {
        arguments.positional.isEmpty && arguments.keywords.isEmpty
            ? JinjaArguments(positional: [.integer(first)]) : arguments
    }

    /// Words, which begin after white space, hyphens and opening brackets, in title case.
    private func titled(_ text: JinjaText) -> JinjaText {
        var result: [UInt32] = []
        var isFirst = true
        for (index, unit) in text.units.enumerated() {
            result += isFirst ? JinjaText(units: [unit]).uppercased.units : text.lowercase(at: index)
            isFirst = JinjaText.isSpace(unit) || "-({[<".unicodeScalars.contains(JinjaText.scalar(unit))
        }
        return text.with(result)
    }

    private func wordCount(_ text: JinjaText) -> Int {
        func isWord(_ unit: UInt32) -> Bool {
            let properties = JinjaText.scalar(unit).properties
            return properties.isAlphabetic || properties.numericType != nil || unit & ~JinjaText.mark == 0x5F
        }
        var count = 0
        var isInWord = false
        for unit in text.units {
            if isWord(unit), !isInWord { count += 1 }
            isInWord = isWord(unit)
        }
        return count
    }

    private func indented(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaText {
        guard case .string(let text) = value else {
            throw .failed("indent needs a string, not \(value.typeName)")
        }
        let values = try arguments.bound("width", "first", "blank", for: "indent")
        var indent = values[0]?.text?.units ?? []
        if values[0]?.text == nil {
            let width = try integer(values[0], default: 4, for: "indent")
            try reserve(units: max(width, 0))
            indent = Array(repeating: 0x20, count: max(width, 0))
        }
        let indentsFirst = values[1]?.isTrue ?? false
        let indentsBlank = values[2]?.isTrue ?? false
        try charge(2 * text.count)
        let lines = JinjaText(units: text.units + [0x0A]).lines()
        let growth = min(Self.product(indent.count + 1, lines.count + 1), .max / 2)
        try reserve(units: growth + text.count)
        var units: [UInt32] = indentsFirst ? indent : []
        for (index, line) in lines.enumerated() {
            if index > 0 {
                units.append(0x0A)
                if indentsBlank || !line.isEmpty { units += indent }
            }
            units += line.units
        }
        return text.with(units)
    }

    private func truncated(_ text: JinjaText, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaText {
        let values = try arguments.bound("length", "killwords", "end", "leeway", for: "truncate")
        let length = try integer(values[0], default: 255, for: "truncate")
        let end = values[2]?.text ?? JinjaText("...")
        let leeway = try integer(values[3], default: 5, for: "truncate")
        guard length >= end.count, leeway >= 0 else { throw .failed("truncate needs a greater length") }
        if text.count <= length || text.count - length <= leeway { return text }
        var kept = JinjaText(text.units.prefix(length - end.count))
        if values[1]?.isTrue != true, let space = kept.last(JinjaText(" ")) {
            kept = JinjaText(kept.units[..<space])
        }
        return JinjaText(units: kept.units + end.units)
    }

    private func jsonStyle(_ arguments: JinjaArguments) throws(JinjaFault) -> JSONStyle {
        let values = try arguments.bound("ensure_ascii", "indent", "separators", "sort_keys", for: "tojson")
        var style = JSONStyle(itemSeparator: [0x2C, 0x20], keySeparator: [0x3A, 0x20])
        if let indent = values[1], !indent.isNone {
            if let text = indent.text {
                style.indent = text.units
            } else {
                let width = try integer(indent, default: 0, for: "tojson")
                guard width <= 1000 else { throw JinjaFault(.tooCostly, "an indentation of more than 1000") }
                style.indent = Array(repeating: 0x20, count: max(width, 0))
            }
            style.itemSeparator = [0x2C]
        }
        if let separators = values[2], !separators.isNone {
            let pair = try items(of: separators)
            guard pair.count == 2, let item = pair[0].text, let key = pair[1].text else {
                throw .failed("separators must be two strings")
            }
            (style.itemSeparator, style.keySeparator) = (item.units, key.units)
            guard item.count + key.count <= 1000 else {
                throw JinjaFault(.tooCostly, "separators of more than 1000")
            }
        }
        style.sortsKeys = values[3]?.isTrue ?? false
        style.escapesUnicode = values[0]?.isTrue ?? false
        return style
    }
}
