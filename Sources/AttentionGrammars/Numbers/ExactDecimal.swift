/// A decimal number, exactly: `±digits × 10^exponent`.
///
/// JSON Schema compares numbers by their value: 1, 1.0 and 10e-1 are one. 0.1 has no exact value as a
/// floating point number, and neither has 2^63 - 1; here both have.
struct ExactDecimal: Sendable {
    let isNegative: Bool
    /// From the most significant one, as values 0 to 9. The first and the last are not 0; empty for 0.
    let digits: [UInt8]
    /// 0 for 0.
    let exponent: Int
    /// The notation in which it was written.
    let literal: String

    private static let greatestExponent = 400

    /// - Parameter literal: a number of JSON.
    /// - Returns: nil beyond 10^±400 or 400 digits.
    init?(_ literal: String) {
        var digits: [UInt8] = []
        var exponent = 0
        var isFraction = false
        var bytes = Array(literal.utf8)[...]
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { bytes = bytes.dropFirst() }
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                // A sign is read, too.
                guard let power = Int(String(decoding: bytes, as: UTF8.self)),
                    (-1_000_000...1_000_000).contains(power)
                else { return nil }
                exponent += power
                bytes = []
            case 0x30...0x39:
                digits.append(byte - 0x30)
                if isFraction { exponent -= 1 }
            default: return nil
            }
        }
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(zeros)
        let isZero = digits.isEmpty
        guard
            isZero
                || digits.count <= Self.greatestExponent && abs(exponent) <= Self.greatestExponent
                    && digits.count + exponent <= Self.greatestExponent
        else { return nil }
        self.digits = digits
        self.exponent = isZero ? 0 : exponent
        self.isNegative = isNegative && !isZero
        self.literal = literal
    }

    private init(isNegative: Bool, digits: [UInt8], exponent: Int, literal: String) {
        (self.isNegative, self.digits, self.exponent, self.literal) = (isNegative, digits, exponent, literal)
    }

    static let one = ExactDecimal(isNegative: false, digits: [1], exponent: 0, literal: "1")

    var isZero: Bool { digits.isEmpty }
    var isInteger: Bool { exponent >= 0 }

    /// The digits before the point, without zeros in front; empty for a magnitude below 1.
    var wholeDigits: [UInt8] {
        exponent >= 0
            ? digits + [UInt8](repeating: 0, count: exponent) : Array(digits.dropLast(-exponent))
    }

    /// The digits behind the point, without zeros at the end.
    var fractionDigits: [UInt8] {
        guard exponent < 0 else { return [] }
        return [UInt8](repeating: 0, count: Swift.max(0, -exponent - digits.count)) + digits.suffix(-exponent)
    }

    /// The number without exponent, and without zeros that say nothing.
    var plain: String {
        func text(_ digits: [UInt8]) -> String { digits.map(String.init).joined() }
        let fraction = text(fractionDigits)
        return (isNegative ? "-" : "") + (wholeDigits.isEmpty ? "0" : text(wholeDigits))
            + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// Whether the number is a whole multiple of another; nil where that is too large a question.
    func isMultiple(of divisor: ExactDecimal) -> Bool? {
        if isZero { return true }
        // The last digit is not 0, so that only higher powers of ten can be multiples.
        guard !divisor.isZero, exponent >= divisor.exponent else { return false }
        var modulus: UInt64 = 0
        for digit in divisor.digits {
            guard modulus < UInt64.max / 10 - 10 else { return nil }
            modulus = modulus * 10 + UInt64(digit)
        }
        var remainder: UInt64 = 0
        for digit in digits + [UInt8](repeating: 0, count: exponent - divisor.exponent) {
            let (high, low) = remainder.multipliedFullWidth(by: 10)
            let (sum, overflow) = low.addingReportingOverflow(UInt64(digit))
            remainder = modulus.dividingFullWidth((high + (overflow ? 1 : 0), sum)).remainder
        }
        return remainder == 0
    }
}

extension ExactDecimal: Hashable, Comparable {
    static func == (left: Self, right: Self) -> Bool {
        left.isNegative == right.isNegative && left.exponent == right.exponent && left.digits == right.digits
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(isNegative)
        hasher.combine(digits)
        hasher.combine(exponent)
    }

    static func < (left: Self, right: Self) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.isMagnitudeBelow(left) : left.isMagnitudeBelow(right)
    }

    private func isMagnitudeBelow(_ other: ExactDecimal) -> Bool {
        if isZero || other.isZero { return isZero && !other.isZero }
        let (size, otherSize) = (digits.count + exponent, other.digits.count + other.exponent)
        return size == otherSize ? digits.lexicographicallyPrecedes(other.digits) : size < otherSize
    }
}
