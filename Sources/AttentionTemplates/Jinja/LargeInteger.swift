import Foundation

/// A whole number of any size, exactly.
///
/// JSON and the templates' language have whole numbers without bounds, and a conversation may hold some
/// beyond 64 bits, such as ids. They are rare and short, so that schoolbook arithmetic in base 10⁹ does:
/// reading and writing decimal digits, which is nearly all that happens to them, is then direct. A package
/// for numbers of this kind would be built by every user of tokenizers for it.
public struct LargeInteger: Hashable, Sendable {
    /// Digits in base 10⁹, the least significant first, the last one not 0; empty for 0.
    private var limbs: [UInt32]
    private var isNegative: Bool

    private static let base: UInt64 = 1_000_000_000
    private static let limbDigits = 9
    /// The decimal digits at most of a number that is read from text: Python's limit.
    static let greatestDigitCount = 4300

    private init(limbs: [UInt32], isNegative: Bool) {
        var limbs = limbs
        while limbs.last == 0 { limbs.removeLast() }
        self.limbs = limbs
        self.isNegative = isNegative && !limbs.isEmpty
    }

    /// The same number.
    public init(_ value: Int) {
        var limbs: [UInt32] = []
        var rest = UInt64(value.magnitude)
        while rest > 0 {
            limbs.append(UInt32(rest % Self.base))
            rest /= Self.base
        }
        self.init(limbs: limbs, isNegative: value < 0)
    }

    /// The whole number that a floating-point number is; nil for a fraction, an infinity or a NaN.
    init?(exactly value: Double) {
        guard value.isFinite, value == value.rounded(.towardZero) else { return nil }
        self.init(String(format: "%.0f", value))
    }

    /// The value, where it fits into 64 bits.
    public var int: Int? {
        var value = 0
        for limb in limbs.reversed() {
            let product = value.multipliedReportingOverflow(by: Int(Self.base))
            // Towards the sign: the least integer has no positive counterpart.
            let sum =
                isNegative
                ? product.partialValue.subtractingReportingOverflow(Int(limb))
                : product.partialValue.addingReportingOverflow(Int(limb))
            if product.overflow || sum.overflow { return nil }
            value = sum.partialValue
        }
        return value
    }

    /// The nearest floating-point number, ties to even; infinite beyond the greatest.
    var double: Double { Double(description) ?? (isNegative ? -.infinity : .infinity) }

    var isZero: Bool { limbs.isEmpty }

    /// The number of decimal digits of the magnitude.
    var digitCount: Int {
        guard let last = limbs.last else { return 1 }
        return (limbs.count - 1) * Self.limbDigits + String(last).utf8.count
    }

    /// The number of digits in base 10⁹, which is what arithmetic costs.
    var limbCount: Int { limbs.count }

    var magnitude: LargeInteger { LargeInteger(limbs: limbs, isNegative: false) }
}

// MARK: Text

extension LargeInteger: LosslessStringConvertible {
    /// Reads decimal digits with a sign in front or none; nil for other text, and for more than 4,300 digits.
    public init?(_ description: String) {
        var digits = Array(description.utf8)[...]
        let sign = digits.first
        let isNegative = sign == UInt8(ascii: "-")
        if isNegative || sign == UInt8(ascii: "+") { digits.removeFirst() }
        guard !digits.isEmpty, digits.count <= Self.greatestDigitCount,
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        var limbs: [UInt32] = []
        while !digits.isEmpty {
            let limb = digits.suffix(Self.limbDigits)
            limbs.append(limb.reduce(0) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) })
            digits = digits.dropLast(Self.limbDigits)
        }
        self.init(limbs: limbs, isNegative: isNegative)
    }

    public var description: String {
        guard let last = limbs.last else { return "0" }
        var text = (isNegative ? "-" : "") + String(last)
        for limb in limbs.dropLast().reversed() {
            let digits = String(limb)
            text += String(repeating: "0", count: Self.limbDigits - digits.utf8.count) + digits
        }
        return text
    }

    /// Reads decimal digits without a sign.
    init?(plainDigits digits: String) {
        guard let first = digits.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+") else {
            return nil
        }
        self.init(digits)
    }

    /// Reads digits of any base, without a sign; nil for other text, and for more than 4,300 digits.
    ///
    /// - Parameter radix: 2 to 36.
    init?(_ digits: String, radix: Int) {
        guard !digits.isEmpty, digits.utf8.count <= Self.greatestDigitCount else { return nil }
        var limbs: [UInt32] = []
        for byte in digits.utf8 {
            guard let digit = Self.digit(byte), digit < radix else { return nil }
            var carry = UInt64(digit)
            for index in limbs.indices {
                carry += UInt64(limbs[index]) * UInt64(radix)
                limbs[index] = UInt32(carry % Self.base)
                carry /= Self.base
            }
            if carry > 0 { limbs.append(UInt32(carry)) }
        }
        self.init(limbs: limbs, isNegative: false)
    }

    /// The value of an ASCII digit; of a letter, a as 10.
    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x5A, 0x61...0x7A: Int(byte | 0x20) - 0x61 + 10
        default: nil
        }
    }

    /// The digits of the magnitude in another base.
    ///
    /// - Parameter radix: 2 to 36.
    func magnitudeText(radix: Int, uppercase: Bool = false) -> String {
        if radix == 10 { return magnitude.description }
        var digits: [String] = []
        var rest = limbs
        while !rest.isEmpty {
            var remainder: UInt64 = 0
            for index in rest.indices.reversed() {
                let value = remainder * Self.base + UInt64(rest[index])
                rest[index] = UInt32(value / UInt64(radix))
                remainder = value % UInt64(radix)
            }
            while rest.last == 0 { rest.removeLast() }
            digits.append(String(remainder, radix: radix, uppercase: uppercase))
        }
        return digits.isEmpty ? "0" : digits.reversed().joined()
    }
}

// MARK: Order

extension LargeInteger: Comparable {
    public static func < (left: Self, right: Self) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        let order = compare(left.limbs, right.limbs)
        return left.isNegative ? order > 0 : order < 0
    }

    /// -1, 0 or 1.
    private static func compare(_ a: [UInt32], _ b: [UInt32]) -> Int {
        if a.count != b.count { return a.count < b.count ? -1 : 1 }
        for (x, y) in zip(a.reversed(), b.reversed()) where x != y { return x < y ? -1 : 1 }
        return 0
    }
}

// MARK: Arithmetic

extension LargeInteger {
    var negated: Self { Self(limbs: limbs, isNegative: !isNegative) }

    static func - (left: Self, right: Self) -> Self { left + right.negated }

    static func + (left: Self, right: Self) -> Self {
        if left.isNegative == right.isNegative {
            return Self(limbs: sum(left.limbs, right.limbs), isNegative: left.isNegative)
        }
        return compare(left.limbs, right.limbs) >= 0
            ? Self(limbs: difference(left.limbs, right.limbs), isNegative: left.isNegative)
            : Self(limbs: difference(right.limbs, left.limbs), isNegative: right.isNegative)
    }

    static func * (left: Self, right: Self) -> Self {
        var limbs = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count)
        for (i, x) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (j, y) in right.limbs.enumerated() {
                let value = UInt64(x) * UInt64(y) + UInt64(limbs[i + j]) + carry
                limbs[i + j] = UInt32(value % base)
                carry = value / base
            }
            limbs[i + right.limbs.count] = UInt32(carry)
        }
        return Self(limbs: limbs, isNegative: left.isNegative != right.isNegative)
    }

    /// The quotient rounded down, and the remainder, which has the divisor's sign.
    ///
    /// - Precondition: `divisor` is not 0.
    func dividedFlooring(by divisor: Self) -> (quotient: Self, remainder: Self) {
        var (quotient, remainder) = magnitudeDivided(by: divisor)
        if isNegative { remainder = remainder.negated }
        if isNegative != divisor.isNegative { quotient = quotient.negated }
        guard !remainder.isZero, remainder.isNegative != divisor.isNegative else {
            return (quotient, remainder)
        }
        return (quotient - LargeInteger(1), remainder + divisor)
    }

    /// Long division of the magnitudes.
    private func magnitudeDivided(by divisor: Self) -> (quotient: Self, remainder: Self) {
        guard divisor.limbs.count > 1 else { return magnitudeDivided(byLimb: UInt64(divisor.limbs[0])) }
        let divisor = divisor.magnitude
        var quotient = [UInt32](repeating: 0, count: limbs.count)
        var remainder = LargeInteger(0)
        for index in limbs.indices.reversed() {
            remainder = Self(limbs: [limbs[index]] + remainder.limbs, isNegative: false)
            var digit = remainder.leastDigit(dividedBy: divisor)
            remainder = remainder - divisor * LargeInteger(digit)
            while remainder >= divisor {
                remainder = remainder - divisor
                digit += 1
            }
            quotient[index] = UInt32(digit)
        }
        return (Self(limbs: quotient, isNegative: false), remainder)
    }

    /// A digit of the quotient, or a few less: that of the divisor's first two digits, increased by one.
    private func leastDigit(dividedBy divisor: Self) -> Int {
        let last = divisor.limbs.count - 1
        func limb(_ index: Int) -> UInt128 { index < limbs.count ? UInt128(limbs[index]) : 0 }
        let base = UInt128(Self.base)
        let dividend = (limb(last + 1) * base + limb(last)) * base + limb(last - 1)
        let first = UInt128(divisor.limbs[last]) * base + UInt128(divisor.limbs[last - 1]) + 1
        return Int(dividend / first)
    }

    private func magnitudeDivided(byLimb divisor: UInt64) -> (quotient: Self, remainder: Self) {
        var quotient = limbs
        var remainder: UInt64 = 0
        for index in limbs.indices.reversed() {
            let value = remainder * Self.base + UInt64(limbs[index])
            quotient[index] = UInt32(value / divisor)
            remainder = value % divisor
        }
        return (Self(limbs: quotient, isNegative: false), LargeInteger(Int(remainder)))
    }

    /// The quotient as the nearest floating-point number; infinite beyond the greatest.
    ///
    /// - Precondition: `divisor` is not 0.
    func divided(by divisor: Self) -> Double {
        // A quotient of at least 64 bits, whose last bit says whether a remainder is left, is rounded once.
        let shift = max(0, 68 + Self.bits(divisor) - Self.bits(self))
        let (quotient, remainder) = (magnitude * Self.power(LargeInteger(2), shift)).magnitudeDivided(
            by: divisor)
        let isEven = (quotient.limbs.first ?? 0) & 1 == 0
        let sticky = quotient + LargeInteger(isEven && !remainder.isZero ? 1 : 0)
        let value = scalbn(sticky.double, -shift)
        return isNegative != divisor.isNegative ? -value : value
    }

    /// No fewer than the magnitude's bits, and at most five more.
    private static func bits(_ value: Self) -> Int { value.digitCount * 3322 / 1000 + 1 }

    /// - Parameter exponent: 0 or more.
    static func power(_ base: Self, _ exponent: Int) -> Self {
        var (result, factor, rest) = (LargeInteger(1), base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = result * factor }
            rest >>= 1
            if rest > 0 { factor = factor * factor }
        }
        return result
    }

    private static func sum(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        var (result, carry): ([UInt32], UInt64) = ([], 0)
        for index in 0..<max(a.count, b.count) {
            let value =
                carry + UInt64(index < a.count ? a[index] : 0) + UInt64(index < b.count ? b[index] : 0)
            result.append(UInt32(value % base))
            carry = value / base
        }
        return result + [UInt32(carry)]
    }

    /// `a − b`, where a is not less.
    private static func difference(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
        var (result, borrow): ([UInt32], Int64) = ([], 0)
        for index in a.indices {
            let value = Int64(a[index]) - borrow - Int64(index < b.count ? b[index] : 0)
            borrow = value < 0 ? 1 : 0
            result.append(UInt32(value + borrow * Int64(base)))
        }
        return result
    }
}
