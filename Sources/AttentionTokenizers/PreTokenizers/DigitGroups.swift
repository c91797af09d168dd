/// The published patterns that count digits in threes from the right: 1 234 567.
///
/// As regular expressions they look from every digit to the last one, which is quadratic; a number is looked
/// through once here. `PatternTests` compares them with the expressions that they stand for.
package struct DigitGroups: Sendable {
    private enum Numbers { case digits, all }
    private enum Result { case groups, beginnings }

    private let numbers: Numbers
    private let result: Result
    /// Whether numbers are left alone that go on as a word.
    private let endsWord: Bool
    /// The regular expression that it stands for.
    package let source: String

    package static let all = [tinyAya, afmoe, superBPE]

    static let tinyAya = DigitGroups(
        numbers: .digits, result: .groups, endsWord: true, source: #"\d{1,3}(?=(?:\d{3})*\b)"#)
    /// llama.cpp gives its rule in words.
    static let afmoe = DigitGroups(
        numbers: .all, result: .groups, endsWord: false, source: #"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))"#)
    /// Cuts, and matches nothing.
    static let superBPE = DigitGroups(
        numbers: .digits, result: .beginnings, endsWord: false, source: #"(?=(\d{3})+(?!\d))"#)

    package func matches(in text: AlignedText, _ range: Range<Int>) -> [Range<Int>] {
        var matches: [Range<Int>] = []
        var start = range.lowerBound
        while let first = text[start..<range.upperBound].firstIndex(where: { isDigit($0.scalar) }) {
            let rest = text[first..<range.upperBound]
            let end = rest.firstIndex { !isDigit($0.scalar) } ?? range.upperBound
            if !endsWord || end == range.upperBound || !ScalarSet.word.contains(text[end].scalar) {
                append(first..<end, to: &matches)
            }
            start = end
        }
        return matches
    }

    private func append(_ number: Range<Int>, to matches: inout [Range<Int>]) {
        let head = number.count % 3
        if head > 0, result == .groups { matches.append(number.lowerBound..<number.lowerBound + head) }
        for group in stride(from: number.lowerBound + head, to: number.upperBound, by: 3) {
            matches.append(group..<(result == .groups ? group + 3 : group))
        }
    }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        let kinds = numbers == .digits ? GeneralCategory.Nd.mask : GeneralCategories.numbers
        return GeneralCategories.shared[scalar] & kinds != 0
    }
}
