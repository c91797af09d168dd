import AttentionJSON

/// The notation of a set's numbers: without exponents, and with a limited number of digits.
extension NumberSet {
    /// - Throws: ``GrammarError`` of the problem `tooLarge`.
    func automaton(_ lengths: JSONLengths) throws(GrammarError) -> TextAutomaton {
        let bounds = [lower, upper].compactMap { $0?.value }
        // As many digits as a bound has are always there, and one more, so that something lies behind it.
        let isBounded = lower != nil && upper != nil
        let whole = Swift.max(
            1, isBounded ? 0 : lengths.wholeDigits,
            bounds.map { $0.wholeDigits.count + (isBounded ? 0 : 1) }.max() ?? 0)
        let fraction = Swift.max(
            lengths.fractionDigits,
            (bounds + multiples + excluded).map { $0.fractionDigits.count + 1 }.max() ?? 0)
        // Decimals of 15 digits are different numbers also where they are read as floating point numbers.
        let digits = Swift.max(
            15, bounds.map { $0.wholeDigits.count + $0.fractionDigits.count + 1 }.max() ?? 0)
        var result = try Self.written(whole: whole, fraction: isWhole ? 0 : fraction, digits: digits)
        if let lower {
            result = try result.intersection(
                Self.comparing(with: lower.value) { $0 > 0 || $0 == 0 && lower.isInclusive })
        }
        if let upper {
            result = try result.intersection(
                Self.comparing(with: upper.value) { $0 < 0 || $0 == 0 && upper.isInclusive })
        }
        for number in multiples where number != .one || !isWhole {
            result = try result.intersection(Self.multiples(of: number))
        }
        for number in nonMultiples {
            result = try result.intersection(Self.multiples(of: number).complement)
        }
        for number in excluded {
            result = try result.intersection(Self.comparing(with: number) { $0 != 0 })
        }
        return result
    }

    // MARK: Notation

    private enum Place: Hashable {
        case start, sign, zero
        case whole(Int)
        case point(whole: Int)
        case fraction(Int, whole: Int)
        case nowhere
    }

    private static func edges<Key>(
        nowhere: Key, minus: Key, point: Key, digit: (UInt8) -> Key
    ) -> [(last: UInt32, target: Key)] {
        [(0x2C, nowhere), (0x2D, minus), (0x2E, point), (0x2F, nowhere)]
            + (0..<10).map { (0x30 + UInt32($0), digit($0)) } + [(ScalarRanges.greatest, nowhere)]
    }

    /// Numbers of at most so many digits before and behind the point, and on both sides of it. A whole number
    /// 0 has no sign.
    private static func written(whole: Int, fraction: Int, digits: Int) throws(GrammarError) -> TextAutomaton
    {
        try TextAutomaton(
            from: Place.start,
            isAccepting: {
                switch $0 {
                case .zero, .whole, .fraction: true
                default: false
                }
            },
            edges: { place throws(GrammarError) in
                edges(
                    nowhere: .nowhere, minus: place == .start ? .sign : .nowhere,
                    point: {
                        switch place {
                        case .zero: fraction > 0 ? .point(whole: 0) : .nowhere
                        case .whole(let count):
                            fraction > 0 && count < digits ? .point(whole: count) : .nowhere
                        default: .nowhere
                        }
                    }(),
                    digit: { digit in
                        switch place {
                        case .start: digit == 0 ? .zero : .whole(1)
                        case .sign: digit > 0 ? .whole(1) : fraction > 0 ? .zero : .nowhere
                        case .whole(let count): count < whole ? .whole(count + 1) : .nowhere
                        case .point(let before): .fraction(1, whole: before)
                        case .fraction(let count, let before):
                            count < fraction && before + count < digits
                                ? .fraction(count + 1, whole: before) : .nowhere
                        case .zero, .nowhere: .nowhere
                        }
                    })
            })
    }

    // MARK: Comparison

    /// The state of comparing a number with another, while it is read from the left.
    private struct Comparison: Hashable {
        var isNegative = false
        var isFraction = false
        /// How many digits have been read of the part at hand, up to one more than the other number has.
        var count = 0
        /// The comparison of the digits so far: -1, 0 or 1.
        var order = 0
    }

    /// The numbers whose comparison with another one (-1, 0 or 1) is accepted. What is no number may be in
    /// the set as well.
    private static func comparing(
        with other: ExactDecimal, _ accepts: (Int) -> Bool
    ) throws(GrammarError) -> TextAutomaton {
        let whole = other.wholeDigits
        let fraction = other.fractionDigits
        func atPoint(_ state: Comparison) -> Int {
            // Without zeros in front the longer one is larger.
            state.count == whole.count ? state.order : state.count < whole.count ? -1 : 1
        }
        func magnitude(_ state: Comparison) -> Int {
            let order = state.isFraction ? state.order : atPoint(state)
            let read = state.isFraction ? state.count : 0
            return order == 0 && read < fraction.count ? -1 : order
        }
        return try TextAutomaton(
            from: Comparison(),
            isAccepting: { state in
                let order = magnitude(state)
                if state.isNegative {
                    return accepts(other.isNegative ? -order : order == 0 && other.isZero ? 0 : -1)
                }
                return accepts(other.isNegative ? 1 : order)
            },
            edges: { state throws(GrammarError) in
                var negative = state
                negative.isNegative = true
                let point = Comparison(
                    isNegative: state.isNegative, isFraction: true, count: 0, order: atPoint(state))
                return edges(nowhere: state, minus: negative, point: point) { digit in
                    var next = state
                    // A single 0 before the point is no digit.
                    if !state.isFraction, state.count == 0, digit == 0 { return state }
                    let digits = state.isFraction ? fraction : whole
                    let beside = state.count < digits.count ? digits[state.count] : 0
                    if state.order == 0, state.isFraction || state.count < digits.count {
                        next.order = digit < beside ? -1 : digit > beside ? 1 : 0
                    }
                    next.count = Swift.min(state.count + 1, digits.count + 1)
                    return next
                }
            })
    }

    // MARK: Multiples

    private struct Remainder: Hashable {
        var value: Int
        /// The digits behind the point, up to as many as matter; -1 before it.
        var places: Int
    }

    /// The multiples of a number: for a / 10^k, those whose first k digits behind the point make a multiple
    /// of a together with those before it, and whose further ones are 0.
    private static func multiples(of number: ExactDecimal) throws(GrammarError) -> TextAutomaton {
        let places = Swift.max(0, -number.exponent)
        var modulus = 0
        for digit in number.digits + [UInt8](repeating: 0, count: Swift.max(0, number.exponent)) {
            modulus = modulus * 10 + Int(digit)
            guard modulus * (places + 2) <= GrammarLimits.textStates else {
                throw GrammarError(
                    .tooLarge, expected: "a number of few digits for 'multipleOf'",
                    found: excerpt(number.literal, limit: 40))
            }
        }
        let nowhere = Remainder(value: -1, places: 0)
        return try TextAutomaton(
            from: Remainder(value: 0, places: -1),
            isAccepting: { state in
                guard state != nowhere else { return false }
                var value = state.value
                for _ in Swift.max(0, state.places)..<places { value = value * 10 % modulus }
                return value == 0
            },
            edges: { state throws(GrammarError) in
                guard state != nowhere else { return [(ScalarRanges.greatest, nowhere)] }
                let point = Remainder(value: state.value, places: 0)
                return edges(nowhere: nowhere, minus: state, point: point) { digit in
                    if state.places == places { return digit == 0 ? state : nowhere }
                    let value = (state.value * 10 + Int(digit)) % modulus
                    return Remainder(value: value, places: state.places < 0 ? -1 : state.places + 1)
                }
            })
    }
}
