/// The properties of scalars that the stages ask for, as one byte of flags a scalar.
///
/// One load answers every question about a scalar, ASCII or not, which keeps the stages' inner loops
/// short. The table is filled from ``UnicodeData`` when it is first needed.
struct ScalarProperties: Sendable {
    struct Flags: OptionSet {
        let rawValue: UInt8

        static let removedByCleaning = Flags(rawValue: 1)
        static let whitespace = Flags(rawValue: 2)
        static let punctuation = Flags(rawValue: 4)
        static let nonspacingMark = Flags(rawValue: 8)
        static let mark = Flags(rawValue: 16)
        static let word = Flags(rawValue: 32)
        /// It has a lower-case mapping.
        static let lowercases = Flags(rawValue: 64)
        /// It decomposes, or its place among combining marks can change.
        static let normalizes = Flags(rawValue: 128)
    }

    static let shared = ScalarProperties()

    private let flags: [UInt8]

    private init() {
        var flags = [UInt8](repeating: 0, count: 0x110000)
        func add(_ flag: Flags, _ range: ClosedRange<UInt32>) {
            for scalar in range { flags[Int(scalar)] |= flag.rawValue }
        }
        func add(_ flag: Flags, _ text: StaticString) {
            var reader = UnicodeDataReader(text)
            while reader.hasMore() { add(flag, reader.range()) }
        }
        add(.removedByCleaning, UnicodeData.removedByCleaning)
        add(.whitespace, UnicodeData.whitespace)
        add(.punctuation, UnicodeData.punctuation)
        add(.nonspacingMark, UnicodeData.nonspacingMarks)
        add(.mark, UnicodeData.marks)
        add(.word, UnicodeData.wordScalars)
        for run in ScalarMapping.lowercase.runs { add(.lowercases, run.first...run.last) }
        for run in ScalarMapping.canonical.runs { add(.normalizes, run.first...run.last) }
        for run in ScalarMapping.compatible.runs { add(.normalizes, run.first...run.last) }
        for entry in CombiningClasses.shared.entries { add(.normalizes, entry.range) }
        add(.normalizes, Hangul.syllables)
        // Medial vowels and final consonants compose with what stands before them.
        add(.normalizes, Hangul.vowels)
        add(.normalizes, Hangul.finals)
        self.flags = flags
    }

    @inline(__always)
    subscript(_ scalar: Unicode.Scalar) -> Flags { Flags(rawValue: flags[Int(scalar.value)]) }
}

extension Unicode.Scalar {
    @inline(__always)
    func has(_ flags: ScalarProperties.Flags) -> Bool { ScalarProperties.shared[self].contains(flags) }
}
