/// Upper, lower and title case, and escapes for HTML.
extension JinjaText {
    func mapped(_ mapping: (Unicode.Scalar.Properties) -> String) -> JinjaText {
        var result: [UInt32] = []
        result.reserveCapacity(count)
        for unit in units {
            for scalar in mapping(Self.scalar(unit).properties).unicodeScalars {
                result.append(scalar.value | unit & Self.mark)
            }
        }
        return with(result)
    }

    var uppercased: JinjaText { mapped(\.uppercaseMapping) }

    /// Lower case, with the final form of sigma where one ends a word.
    var lowercased: JinjaText { with(units.indices.flatMap { lowercase(at: $0) }) }

    func lowercase(at index: Int) -> [UInt32] {
        let unit = units[index]
        if unit & ~Self.mark < 0x80 {
            return [(0x41...0x5A).contains(unit & ~Self.mark) ? unit | 0x20 : unit]
        }
        if unit & ~Self.mark == 0x3A3 { return [(isFinalSigma(index) ? 0x3C2 : 0x3C3) | unit & Self.mark] }
        return JinjaText(units: [unit]).mapped(\.lowercaseMapping).units
    }

    /// The condition Final_Sigma of the Unicode standard, section 3.13.
    private func isFinalSigma(_ index: Int) -> Bool {
        func nextCased(_ units: some Sequence<UInt32>) -> Bool {
            for unit in units {
                let properties = Self.scalar(unit).properties
                if !properties.isCaseIgnorable { return properties.isCased }
            }
            return false
        }
        return nextCased(units[..<index].reversed()) && !nextCased(units[(index + 1)...])
    }

    /// The first scalar in title case, the rest in lower case.
    var capitalized: JinjaText { cased { index, _ in index == 0 ? .title : .lower } }

    /// Each word begins with a capital; a word is a run of letters that have a case.
    var titlecased: JinjaText {
        var isInWord = false
        return cased { _, properties in
            defer { isInWord = properties.isCased }
            return isInWord ? .lower : .title
        }
    }

    var swapcased: JinjaText { cased { $1.isUppercase ? .lower : .upper } }

    private enum Case { case lower, upper, title }

    private func cased(_ choose: (Int, Unicode.Scalar.Properties) -> Case) -> JinjaText {
        var result: [UInt32] = []
        for index in units.indices {
            switch choose(index, Self.scalar(units[index]).properties) {
            case .lower: result += lowercase(at: index)
            case .upper: result += JinjaText(units: [units[index]]).uppercased.units
            case .title: result += JinjaText(units: [units[index]]).mapped(\.titlecaseMapping).units
            }
        }
        return with(result)
    }

    /// Characters that mean something in HTML are written as entities.
    var escaped: JinjaText {
        var result: [UInt32] = []
        for unit in units {
            let entity: String? =
                switch Self.scalar(unit) {
                case "&": "&amp;"
                case "<": "&lt;"
                case ">": "&gt;"
                case "'": "&#39;"
                case "\"": "&#34;"
                default: nil
                }
            if let entity {
                result += entity.unicodeScalars.map { $0.value | unit & Self.mark }
            } else {
                result.append(unit)
            }
        }
        return JinjaText(units: result, isMarkup: true)
    }
}
