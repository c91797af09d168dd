import AttentionJSON

/// The rule by which a text, or a pair of texts, is cut to a greatest number of tokens.
public struct Truncation: Hashable, Sendable {
    /// The text of a pair that is cut.
    public enum Strategy: String, CaseIterable, Hashable, Sendable {
        /// The longer one, until both are equally long; then both.
        case longestFirst = "LongestFirst"
        case onlyFirst = "OnlyFirst"
        case onlySecond = "OnlySecond"
    }

    /// The end at which tokens are dropped.
    public enum Side: String, CaseIterable, Hashable, Sendable {
        case left = "Left"
        case right = "Right"
    }

    /// The greatest number of tokens, with those that the post-processor adds.
    public var maxLength: Int
    /// The text of a pair that is cut.
    public var strategy: Strategy
    /// The end at which tokens are dropped.
    public var side: Side

    /// A rule for texts and for pairs.
    public init(maxLength: Int, strategy: Strategy = .longestFirst, side: Side = .right) {
        self.maxLength = maxLength
        self.strategy = strategy
        self.side = side
    }

    init(reading value: JSONValue) throws(TokenizerError) {
        self.init(
            maxLength: try value.required("max_length").count(),
            strategy: try value.required("strategy").name(of: Strategy.self),
            side: try value.optional("direction")?.name(of: Side.self) ?? .right)
    }

    /// The number of tokens of each text that stay.
    ///
    /// - Parameters:
    ///   - counts: the tokens of the text, and of the second text if there is one.
    ///   - room: how many may stay together.
    /// - Throws: ``TokenizerError/cannotTruncate(maxLength:reason:)``.
    func lengths(
        of counts: (first: Int, second: Int?), room: Int
    ) throws(TokenizerError) -> (first: Int, second: Int?) {
        let excess = counts.first + (counts.second ?? 0) - room
        guard excess > 0 else { return counts }
        guard room > 0 else { return (0, counts.second.map { _ in 0 }) }
        switch strategy {
        case .longestFirst:
            guard let second = counts.second else { return (room, nil) }
            // The shorter one keeps up to half; an odd token goes to the longer one.
            let half = room / 2
            let isFirstLonger = counts.first > second
            let shorter = Swift.min(counts.first, second, half)
            let longer = room - shorter
            return isFirstLonger ? (longer, shorter) : (shorter, longer)
        case .onlyFirst:
            guard counts.first > excess else { throw tooShort("first", counts.first, excess) }
            return (counts.first - excess, counts.second)
        case .onlySecond:
            guard let second = counts.second else {
                throw .cannotTruncate(
                    maxLength: maxLength, reason: "only the second text may be cut, and there is none")
            }
            guard second > excess else { throw tooShort("second", second, excess) }
            return (counts.first, second - excess)
        }
    }

    private func tooShort(_ which: String, _ count: Int, _ excess: Int) -> TokenizerError {
        .cannotTruncate(
            maxLength: maxLength,
            reason: "only the \(which) text may be cut; it has \(count) tokens, and \(excess) are too many")
    }
}

extension JSONValue {
    /// The case of an enumeration that the string names.
    func name<Name: RawRepresentable<String> & CaseIterable>(
        of type: Name.Type
    ) throws(TokenizerError) -> Name {
        let name = try string()
        guard let value = Name.allCases.first(where: { ExactString($0.rawValue) == ExactString(name) }) else {
            throw unsupported(name, supported: Name.allCases.map(\.rawValue))
        }
        return value
    }
}
