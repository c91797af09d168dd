import AttentionJSON

/// The sets of scalars that `\p{…}` names: general categories and the binary properties in common use.
enum UnicodeSets {
    /// - Returns: nil for a property that is not implemented, such as a script.
    static func named(_ name: ExactString) -> ScalarRanges? {
        var name = name
        for prefix in ["General_Category=", "gc="] where name.utf8.starts(with: prefix.utf8) {
            name = ExactString(name.string.dropFirst(prefix.utf8.count))
        }
        if let category = categories[name] { return ranges { category.contains($0.generalCategory) } }
        if name == "ASCII" { return ScalarRanges([0...0x7F]) }
        return properties[name].map { holds in ranges(where: holds) }
    }

    private static func ranges(where holds: (Unicode.Scalar.Properties) -> Bool) -> ScalarRanges {
        var found: [ClosedRange<UInt32>] = []
        for value in 0...ScalarRanges.greatest {
            guard let scalar = Unicode.Scalar(value), holds(scalar.properties) else { continue }
            if let last = found.last, last.upperBound + 1 == value {
                found[found.count - 1] = last.lowerBound...value
            } else {
                found.append(value...value)
            }
        }
        return ScalarRanges(found)
    }

    private static let properties: [ExactString: @Sendable (Unicode.Scalar.Properties) -> Bool] = [
        "Any": { _ in true }, "Alphabetic": { $0.isAlphabetic }, "Alpha": { $0.isAlphabetic },
        "Uppercase": { $0.isUppercase }, "Upper": { $0.isUppercase },
        "Lowercase": { $0.isLowercase }, "Lower": { $0.isLowercase },
        "White_Space": { $0.isWhitespace }, "space": { $0.isWhitespace },
        "Emoji": { $0.isEmoji }, "Emoji_Presentation": { $0.isEmojiPresentation },
        "Ideographic": { $0.isIdeographic }, "ID_Start": { $0.isIDStart },
        "ID_Continue": { $0.isIDContinue }, "XID_Start": { $0.isXIDStart },
        "XID_Continue": { $0.isXIDContinue }, "Hex_Digit": { $0.isHexDigit },
        "ASCII_Hex_Digit": { $0.isASCIIHexDigit },
    ]

    private static let categories: [ExactString: Set<Unicode.GeneralCategory>] = {
        let single: [(short: String, long: String, Unicode.GeneralCategory)] = [
            ("Lu", "Uppercase_Letter", .uppercaseLetter), ("Ll", "Lowercase_Letter", .lowercaseLetter),
            ("Lt", "Titlecase_Letter", .titlecaseLetter), ("Lm", "Modifier_Letter", .modifierLetter),
            ("Lo", "Other_Letter", .otherLetter), ("Mn", "Nonspacing_Mark", .nonspacingMark),
            ("Mc", "Spacing_Mark", .spacingMark), ("Me", "Enclosing_Mark", .enclosingMark),
            ("Nd", "Decimal_Number", .decimalNumber), ("Nl", "Letter_Number", .letterNumber),
            ("No", "Other_Number", .otherNumber), ("Pc", "Connector_Punctuation", .connectorPunctuation),
            ("Pd", "Dash_Punctuation", .dashPunctuation), ("Ps", "Open_Punctuation", .openPunctuation),
            ("Pe", "Close_Punctuation", .closePunctuation),
            ("Pi", "Initial_Punctuation", .initialPunctuation),
            ("Pf", "Final_Punctuation", .finalPunctuation),
            ("Po", "Other_Punctuation", .otherPunctuation),
            ("Sm", "Math_Symbol", .mathSymbol), ("Sc", "Currency_Symbol", .currencySymbol),
            ("Sk", "Modifier_Symbol", .modifierSymbol), ("So", "Other_Symbol", .otherSymbol),
            ("Zs", "Space_Separator", .spaceSeparator), ("Zl", "Line_Separator", .lineSeparator),
            ("Zp", "Paragraph_Separator", .paragraphSeparator), ("Cc", "Control", .control),
            ("Cf", "Format", .format), ("Co", "Private_Use", .privateUse), ("Cn", "Unassigned", .unassigned),
        ]
        let groups = [
            ("L", "Letter"), ("M", "Mark"), ("N", "Number"), ("P", "Punctuation"), ("S", "Symbol"),
            ("Z", "Separator"), ("C", "Other"),
        ]
        var named: [ExactString: Set<Unicode.GeneralCategory>] = [:]
        for (short, long, category) in single {
            named[ExactString(short)] = [category]
            named[ExactString(long)] = [category]
        }
        for (short, long) in groups {
            let members = Set(single.filter { ExactString($0.short).hasPrefix(ExactString(short)) }.map(\.2))
            named[ExactString(short)] = members
            named[ExactString(long)] = members
        }
        named["cntrl"] = [.control]
        named["digit"] = [.decimalNumber]
        named["punct"] = named["P"]
        named["LC"] = [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter]
        named["Cased_Letter"] = named["LC"]
        return named
    }()
}
