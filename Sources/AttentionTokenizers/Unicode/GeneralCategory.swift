import AttentionJSON

/// Unicode's general categories, as the reference's regular expressions know them.
///
/// The raw values are the places in ``GeneralCategories``' table; a set of categories is a mask of bits.
// swift-format-ignore: AlwaysUseLowerCamelCase, the names are Unicode's own
enum GeneralCategory: UInt8, CaseIterable {
    case Lu, Ll, Lt, Lm, Lo, Mn, Mc, Me, Nd, Nl, No, Pc, Pd, Ps, Pe, Pi, Pf, Po, Sm, Sc, Sk, So, Zs, Zl, Zp
    case Cc, Cf, Co, Cn

    var mask: UInt32 { 1 << UInt32(rawValue) }

    /// The categories that a name such as `L`, `Lu` or `Letter` stands for; nil for a name that is none.
    static func mask(named name: String) -> UInt32? {
        let exact = ExactString(name)
        let short = longNames[exact] ?? exact
        let members = allCases.filter {
            let name = "\($0)"
            return ExactString(name) == short || short.utf8.count == 1 && name.utf8.first == short.utf8.first
        }
        return members.isEmpty ? nil : members.reduce(0) { $0 | $1.mask }
    }

    private static let longNames: [ExactString: ExactString] = [
        "Letter": "L", "Mark": "M", "Number": "N", "Punctuation": "P", "Symbol": "S", "Separator": "Z",
        "Other": "C",
    ]
}

/// The general category of every scalar, one byte each, filled from ``UnicodeData`` when first needed.
struct GeneralCategories: Sendable {
    static let shared = GeneralCategories()

    static let letters: UInt32 =
        GeneralCategory.Lu.mask | GeneralCategory.Ll.mask | GeneralCategory.Lt.mask | GeneralCategory.Lm.mask
        | GeneralCategory.Lo.mask
    static let numbers: UInt32 =
        GeneralCategory.Nd.mask | GeneralCategory.Nl.mask | GeneralCategory.No.mask

    private let categories: [UInt8]

    private init() {
        var categories: [UInt8] = []
        categories.reserveCapacity(0x110000)
        let byName = Dictionary(
            uniqueKeysWithValues: GeneralCategory.allCases.map { (ExactString("\($0)"), $0.rawValue) })
        var reader = UnicodeDataReader(UnicodeData.generalCategories)
        while reader.hasMore() {
            let name = reader.name(length: 2)
            guard let category = byName[ExactString(name)] else {
                preconditionFailure("Unicode data: no category \(name)")
            }
            let length = reader.hasDigit ? Int(reader.number()) : 1
            categories.append(contentsOf: repeatElement(category, count: length))
        }
        precondition(categories.count == 0x110000, "Unicode data: categories do not cover all scalars")
        self.categories = categories
    }

    /// The scalar's category as a bit.
    @inline(__always)
    subscript(_ scalar: Unicode.Scalar) -> UInt32 { 1 << UInt32(categories[Int(scalar.value)]) }

    /// The runs of scalars whose category is in the mask, in ascending order.
    func ranges(in mask: UInt32) -> [ClosedRange<UInt32>] {
        var ranges: [ClosedRange<UInt32>] = []
        var start: UInt32?
        for (index, category) in categories.enumerated() {
            let isMember = mask >> UInt32(category) & 1 == 1
            if isMember, start == nil { start = UInt32(index) }
            if !isMember, let first = start {
                ranges.append(first...UInt32(index) - 1)
                start = nil
            }
        }
        if let start { ranges.append(start...0x10FFFF) }
        return ranges
    }
}

extension Unicode.Scalar {
    @inline(__always)
    var isLetter: Bool { GeneralCategories.shared[self] & GeneralCategories.letters != 0 }
    @inline(__always)
    var isNumber: Bool { GeneralCategories.shared[self] & GeneralCategories.numbers != 0 }
}
