import AttentionJSON

/// The methods of strings, as Python has them.
extension JinjaRenderer {
    func callMethod(
        _ name: ExactString, of text: JinjaText, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        try charge(units: text.count)
        switch name {
        case "split", "rsplit": return try split(text, arguments, fromRight: name == "rsplit")
        case "splitlines":
            let keeps = try arguments.bound("keepends", for: name)[0]
            try charge(2 * text.count)
            return try texts(text.lines(keepingEnds: keeps?.isTrue ?? false))
        case "strip", "lstrip", "rstrip":
            let side: JinjaText.Side = name == "strip" ? .both : name == "lstrip" ? .left : .right
            return .string(try stripped(text, side, arguments.bound("chars", for: name)[0]))
        case "startswith", "endswith": return .bool(try hasAffix(text, name, arguments))
        case "replace":
            let values = try arguments.bound("old", "new", "count", required: 2, for: name)
            return .string(
                try replacing(in: text, argument(values[0], name), argument(values[1], name), values[2]))
        case "find", "rfind", "index", "rindex", "count": return try search(text, name, arguments)
        case "join":
            let values = try arguments.bound("iterable", required: 1, for: name)
            var parts: [JinjaText] = []
            for item in try items(of: values[0] ?? .null) { parts.append(try argument(item, name)) }
            return .string(try joined(parts, with: text))
        case "format": return try string(formatted(text, arguments))
        case "removeprefix":
            let prefix = try argument(arguments.bound("prefix", required: 1, for: name)[0], name)
            return .string(text.hasPrefix(prefix) ? text.with(text.units.dropFirst(prefix.count)) : text)
        case "removesuffix":
            let suffix = try argument(arguments.bound("suffix", required: 1, for: name)[0], name)
            return .string(text.hasSuffix(suffix) ? text.with(text.units.dropLast(suffix.count)) : text)
        case "partition", "rpartition": return try partition(text, name, arguments)
        case "zfill", "center", "ljust", "rjust": return try padded(text, name, arguments)
        default:
            try arguments.none(for: name)
            return try simpleMethod(name, of: text)
        }
    }

    /// Methods without arguments.
    func simpleMethod(_ name: ExactString, of text: JinjaText) throws(JinjaFault) -> JinjaValue {
        func all(_ test: (Unicode.Scalar) -> Bool) -> JinjaValue {
            .bool(!text.isEmpty && text.units.allSatisfy { test(JinjaText.scalar($0)) })
        }
        switch name {
        case "upper": return .string(text.uppercased)
        case "lower": return .string(text.lowercased)
        case "title": return .string(text.titlecased)
        case "capitalize": return .string(text.capitalized)
        case "swapcase": return .string(text.swapcased)
        case "isspace": return .bool(!text.isEmpty && text.units.allSatisfy(JinjaText.isSpace))
        case "isdigit":
            return all { [.decimal, .digit].contains($0.properties.numericType) }
        case "isdecimal": return all { $0.properties.numericType == .decimal }
        case "isnumeric": return all { $0.properties.numericType != nil }
        case "isalpha": return all(Self.isLetter)
        case "isalnum": return all { Self.isLetter($0) || $0.properties.numericType != nil }
        case "isascii": return .bool(text.units.allSatisfy { $0 & ~JinjaText.mark < 0x80 })
        case "isprintable": return .bool(text.units.allSatisfy { Self.isPrintable(JinjaText.scalar($0)) })
        case "islower", "isupper": return .bool(Self.hasCase(text, isUpper: name == "isupper"))
        default: throw .unsupported("the method '\(name)' of a string")
        }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// Whether the letters that have a case all have this one, and there are some.
    static func hasCase(_ text: JinjaText, isUpper: Bool) -> Bool {
        var isFound = false
        for unit in text.units {
            let properties = JinjaText.scalar(unit).properties
            if properties.generalCategory == .titlecaseLetter { return false }
            if isUpper ? properties.isLowercase : properties.isUppercase { return false }
            if isUpper ? properties.isUppercase : properties.isLowercase { isFound = true }
        }
        return isFound
    }

    // MARK: Arguments

    func argument(_ value: JinjaValue?, _ name: ExactString) throws(JinjaFault) -> JinjaText {
        guard let text = value?.text else {
            throw .failed("\(name) needs a string, not \(value?.typeName ?? "nothing")")
        }
        try charge(units: text.count)
        return text
    }

    func integer(_ value: JinjaValue?, default standard: Int, for name: ExactString) throws(JinjaFault) -> Int
    {
        guard let value else { return standard }
        if let integer = value.integer { return integer }
        throw .failed("\(name) needs a whole number, not \(value.typeName)")
    }

    func texts(_ texts: [JinjaText]) throws(JinjaFault) -> JinjaValue {
        try charge(2 * texts.count)
        return .list(JinjaSequence(flat: texts.map(JinjaValue.string)))
    }
}
