/// The published patterns of byte-level models, each scanned once from left to right.
///
/// All of them tell contractions, letters, numbers, other signs and white space apart. They match every
/// scalar of a text. `PatternTests` compares them with the regular expressions that they stand for.
package struct WordScanner: Sendable, Equatable {
    /// How many digits a number has at most, and whether a space may stand before it.
    private enum Numbers { case any, single, upToThree }

    private let numbers: Numbers
    /// The regular expression that it stands for.
    package let source: String

    /// GPT-2, RoBERTa and others.
    package static let gpt2 = WordScanner(
        numbers: .any,
        source: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#)
    /// Llama 3, and GPT-4 before it.
    package static let llama3 = WordScanner(
        numbers: .upToThree,
        source: #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"#
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#)
    /// Qwen 2 and 3.
    package static let qwen2 = WordScanner(
        numbers: .single,
        source: #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"#
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#)

    package static let all = [gpt2, llama3, qwen2]

    package func words(in text: AlignedText, _ range: Range<Int>) -> [Range<Int>] {
        text.withUnsafeBufferPointer { text in
            var words: [Range<Int>] = []
            words.reserveCapacity(range.count / 4 + 1)
            var scan = Scan(text: text, end: range.upperBound)
            var start = range.lowerBound
            while start < range.upperBound {
                let end = numbers == .any ? scan.oldWord(from: start) : newWord(&scan, from: start)
                words.append(start..<end)
                start = end
            }
            return words
        }
    }

    private func newWord(_ scan: inout Scan, from start: Int) -> Int {
        if let end = scan.contraction(from: start, ignoringCase: true) { return end }
        let first = scan.kind(start)
        if first == .number { return scan.run(.number, from: start, atMost: numbers == .single ? 1 : 3) }
        let letters = first == .letter || scan.isNewline(start) ? start : start + 1
        if scan.kind(letters) == .letter { return scan.run(.letter, from: letters) }
        let signs = scan.isSpace(start) ? start + 1 : start
        if scan.kind(signs) == .sign { return scan.newlines(from: scan.run(.sign, from: signs)) }
        return scan.whitespace(from: start, endsAtNewlines: true)
    }

    /// A text with the questions that the patterns ask of it. All places are within the text or its end.
    private struct Scan {
        enum Kind { case letter, number, whitespace, sign, end }

        let text: UnsafeBufferPointer<AlignedScalar>
        let end: Int

        mutating func oldWord(from start: Int) -> Int {
            if let end = contraction(from: start, ignoringCase: false) { return end }
            let word = isSpace(start) ? start + 1 : start
            switch kind(word) {
            case .whitespace, .end: return whitespace(from: start, endsAtNewlines: false)
            case let kind: return run(kind, from: word)
            }
        }

        @inline(__always)
        func kind(_ index: Int) -> Kind {
            guard index < end else { return .end }
            let category = GeneralCategories.shared[text[index].scalar]
            if category & GeneralCategories.letters != 0 { return .letter }
            if category & GeneralCategories.numbers != 0 { return .number }
            return text[index].scalar.has(.whitespace) ? .whitespace : .sign
        }

        func isSpace(_ index: Int) -> Bool { text[index].scalar == " " }

        func isNewline(_ index: Int) -> Bool {
            text[index].scalar == "\n" || text[index].scalar == "\r"
        }

        /// The end of a run of one kind.
        func run(_ kind: Kind, from start: Int, atMost limit: Int = .max) -> Int {
            var index = start
            while index - start < limit, self.kind(index) == kind { index += 1 }
            return index
        }

        func newlines(from start: Int) -> Int {
            var index = start
            while index < end, isNewline(index) { index += 1 }
            return index
        }

        /// White space: up to its last newline, or all but the last scalar, which the next word takes.
        func whitespace(from start: Int, endsAtNewlines: Bool) -> Int {
            let stop = run(.whitespace, from: start)
            if endsAtNewlines, let last = (start..<stop).last(where: isNewline) { return last + 1 }
            return stop < end && stop - start > 1 ? stop - 1 : stop
        }

        /// `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` or `'ll`.
        func contraction(from start: Int, ignoringCase: Bool) -> Int? {
            guard text[start].scalar == "'", start + 1 < end else { return nil }
            func letter(_ index: Int) -> Unicode.Scalar {
                let scalar = index < end ? text[index].scalar : " "
                guard ignoringCase else { return scalar }
                if scalar == "\u{17F}" { return "s" }  // the long s folds to s
                return ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value | 0x20)) : scalar
            }
            switch (letter(start + 1), letter(start + 2)) {
            case ("s", _), ("t", _), ("m", _), ("d", _): return start + 2
            case ("r", "e"), ("v", "e"), ("l", "l"): return start + 3
            default: return nil
            }
        }
    }
}
