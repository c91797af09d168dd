import AttentionJSON

/// The formats of strings, as regular expressions after the standards that JSON Schema names.
enum StringFormat {
    /// - Returns: nil for a format that JSON Schema does not define, which is an annotation.
    static func automaton(_ name: ExactString) throws -> TextAutomaton? {
        guard let source = sources[name] else { return nil }
        return try RegularExpression("^(?:\(source))$").automaton()
    }

    /// Formats that JSON Schema defines and that are not implemented.
    static let refused: Set<ExactString> = ["idn-email", "idn-hostname", "uri-template", "regex"]

    static let sources: [ExactString: String] = [
        "date": date, "time": time, "date-time": "\(date)[Tt]\(time)", "duration": duration,
        "email": email, "hostname": hostname, "ipv4": ipv4, "ipv6": ipv6, "uuid": uuid,
        "uri": uri, "uri-reference": "\(uri)|\(relative)", "iri": international(uri),
        "iri-reference": international("\(uri)|\(relative)"),
        "json-pointer": pointer, "relative-json-pointer": "(?:0|[1-9][0-9]{0,8})(?:#|\(pointer))",
    ]

    // MARK: RFC 3339

    /// The years 0001 to 9999; the 29th of February in leap years.
    private static let date: String = {
        let leap = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
        let any = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
        return
            "(?:\(any)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
            + "|02-(?:0[1-9]|1[0-9]|2[0-8]))|\(leap)-02-29)"
    }()

    /// At most nine digits behind the point. A leap second ends a day in universal time.
    private static let time: String = {
        let fraction = #"(?:\.[0-9]{1,9})?"#
        let hour = "(?:[01][0-9]|2[0-3])"
        return
            "(?:\(hour):[0-5][0-9]:[0-5][0-9]\(fraction)(?:[Zz]|[+-]\(hour):[0-5][0-9])"
            + "|23:59:60\(fraction)(?:[Zz]|[+-]00:00))"
    }()

    private static let duration: String = {
        let number = "[0-9]{1,9}"
        let seconds = "\(number)S"
        let minutes = "\(number)M(?:\(seconds))?"
        let hours = "\(number)H(?:\(minutes))?"
        let time = "T(?:\(hours)|\(minutes)|\(seconds))"
        let days = "\(number)D"
        let months = "\(number)M(?:\(days))?"
        let years = "\(number)Y(?:\(months))?"
        return "P(?:(?:\(days)|\(months)|\(years))(?:\(time))?|\(time)|\(number)W)"
    }()

    // MARK: Names

    private static let uuid = "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"

    /// RFC 1123: three labels of at most 63 characters, or 7 of 30, or 15 of 15, so that the whole is never
    /// longer than 253. No label has hyphens in third and fourth place, which are those of encoded names
    /// (RFC 5891).
    private static let hostname: String = {
        func labels(_ count: Int, of length: Int) -> String {
            let (end, any) = ("[A-Za-z0-9]", "[A-Za-z0-9-]")
            let label =
                "\(end)(?:\(end)|\(any)\(end)|\(any)\(any)\(end)"
                + "|\(any)(?:\(end)\(any)|-\(end))\(any){0,\(length - 5)}\(end))?"
            return #"\#(label)(?:\.\#(label)){0,\#(count - 1)}"#
        }
        return [labels(3, of: 63), labels(7, of: 30), labels(15, of: 15)].joined(separator: "|")
    }()

    /// RFC 5321, section 4.1.2.
    private static let email: String = {
        let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
        let local = #"(?:\#(atom)(?:\.\#(atom))*|"(?:[ !#-\[\]-~]|\\[ -~])*")"#
        let label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        return #"\#(local)@(?:\#(label)(?:\.\#(label))*|\[\#(ipv4)\]|\[IPv6:\#(ipv6)\])"#
    }()

    private static let ipv4: String = {
        let byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
        return #"(?:\#(byte)\.){3}\#(byte)"#
    }()

    /// RFC 4291, section 2.2.
    private static let ipv6: String = {
        let group = "[0-9A-Fa-f]{1,4}"
        let last = "(?:\(group):\(group)|\(ipv4))"
        var forms = ["(?:\(group):){6}\(last)", "::(?:\(group):){5}\(last)"]
        for before in 1...5 {
            let first = "(?:\(group):){0,\(before - 1)}\(group)"
            forms.append("(?:\(first))?::" + "(?:\(group):){\(5 - before)}\(last)")
        }
        forms.append("(?:(?:\(group):){0,5}\(group))?::\(group)")
        forms.append("(?:(?:\(group):){0,6}\(group))?::")
        return "(?:\(forms.joined(separator: "|")))"
    }()

    // MARK: RFC 3986 and RFC 3987

    private static let unreserved = "A-Za-z0-9._~"
    private static let delimiters = "!$&'()*+,;="
    private static let encoded = "%[0-9A-Fa-f]{2}"
    private static let character = "(?:[\(unreserved)\(delimiters):@-]|\(encoded))"

    private static let authority: String = {
        let user = "(?:[\(unreserved)\(delimiters):-]|\(encoded))*"
        let name = "(?:[\(unreserved)\(delimiters)-]|\(encoded))*"
        let future = #"[Vv][0-9A-Fa-f]+\.[\#(unreserved)\#(delimiters):-]+"#
        return #"(?:\#(user)@)?(?:\[(?:\#(ipv6)|\#(future))\]|\#(name))(?::[0-9]*)?"#
    }()

    private static let end = #"(?:\?(?:\#(character)|[/?])*)?(?:#(?:\#(character)|[/?])*)?"#

    private static let uri =
        "[A-Za-z][A-Za-z0-9+.-]*:(?://\(authority)(?:/\(character)*)*"
        + "|/(?:\(character)+(?:/\(character)*)*)?|\(character)+(?:/\(character)*)*|)\(end)"

    private static let relative: String = {
        let first = "(?:[\(unreserved)\(delimiters)@-]|\(encoded))+"
        return
            "(?://\(authority)(?:/\(character)*)*|/(?:\(character)+(?:/\(character)*)*)?"
            + "|\(first)(?:/\(character)*)*|)\(end)"
    }()

    private static func international(_ source: String) -> String {
        // The additional scalars are those of RFC 3987's "ucschar".
        let more =
            #"\u{A0}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFEF}"#
            + (1...13).map { plane in
                let start = String(plane << 16, radix: 16)
                let end = String(plane << 16 | 0xFFFD, radix: 16)
                return #"\u{\#(start)}-\u{\#(end)}"#
            }.joined() + #"\u{E1000}-\u{EFFFD}"#
        // exact-text: the patterns are the program's own.
        return source.replacing(unreserved, with: unreserved + more)
    }

    // MARK: RFC 6901

    private static let pointer = "(?:/(?:[^~/]|~[01])*)*"
}
