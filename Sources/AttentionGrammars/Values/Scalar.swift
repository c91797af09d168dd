import AttentionJSON

/// A value that is no array and no object.
enum Scalar: Hashable {
    case null, `true`, `false`
    case number(ExactDecimal)
    case string(ExactString)
}

extension ValueSet {
    /// Exactly these values.
    init(_ scalars: [Scalar]) {
        var numbers: [ExactDecimal] = []
        var strings: [ExactString] = []
        for scalar in scalars {
            switch scalar {
            case .null: singles.insert(.null)
            case .true: singles.insert(.true)
            case .false: singles.insert(.false)
            case .number(let number): numbers.append(number)
            case .string(let string): strings.append(string)
            }
        }
        self.numbers = numbers.isEmpty ? [] : [NumberSet(values: numbers)]
        self.strings = strings.isEmpty ? [] : [StringSet(values: strings)]
    }

    /// All of the values, each once; nil where they are not counted out.
    var scalars: [Scalar]? {
        guard arrays.isEmpty, objects.isEmpty else { return nil }
        var scalars: [Scalar] = []
        if singles.contains(.null) { scalars.append(.null) }
        if singles.contains(.true) { scalars.append(.true) }
        if singles.contains(.false) { scalars.append(.false) }
        for set in numbers {
            guard let values = set.values else { return nil }
            scalars += values.map { .number($0) }
        }
        for set in strings {
            guard let values = set.values else { return nil }
            scalars += values.map { .string($0) }
        }
        var seen: Set<Scalar> = []
        return scalars.filter { seen.insert($0).inserted }
    }

    func contains(_ scalar: Scalar) -> Bool {
        switch scalar {
        case .null: singles.contains(.null)
        case .true: singles.contains(.true)
        case .false: singles.contains(.false)
        case .number(let number): numbers.contains { $0.contains(number) }
        case .string(let string): strings.contains { $0.contains(string) }
        }
    }
}
