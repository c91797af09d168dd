/// One scalar of text under way, and where in the original text it comes from.
package struct AlignedScalar: Sendable {
    package var scalar: Unicode.Scalar
    /// The UTF-8 bytes of the original text that it stands for.
    package var start, end: UInt32
}

/// Text under way through the stages. Every scalar knows its place in the original text.
package typealias AlignedText = [AlignedScalar]

extension AlignedText {
    /// The scalars of `text`, each at its own place.
    ///
    /// - Throws: ``TokenizerError/textTooLong(bytes:limit:)``.
    package init(_ text: String) throws(TokenizerError) {
        let count = text.utf8.count
        guard count <= Int(Int32.max) else {
            throw .textTooLong(bytes: count, limit: Int(Int32.max))
        }
        self = []
        reserveCapacity(count)
        var start: UInt32 = 0
        for scalar in text.unicodeScalars {
            let end = start + UInt32(UTF8.width(scalar))
            append(AlignedScalar(scalar: scalar, start: start, end: end))
            start = end
        }
    }

    /// One scalar of changed text, and how it relates to the text before the change.
    struct Change {
        var scalar: Unicode.Scalar
        /// 0: it replaces the next old scalar. 1: it is new, and shares the place of the old scalar before
        /// it. -n: it replaces the next old scalar, and the n old scalars after that are gone.
        var delta: Int
    }

    /// Replaces the text by changed text, every new scalar taking the place of an old one.
    mutating func replace(with changes: [Change]) {
        var consumed = 0
        let old = self
        self = changes.map { change in
            let index = change.delta > 0 ? consumed - 1 : consumed
            if change.delta <= 0 { consumed += 1 - change.delta }
            let place = old[Swift.min(Swift.max(index, 0), old.count - 1)]
            return AlignedScalar(scalar: change.scalar, start: place.start, end: place.end)
        }
    }
}

extension Collection<AlignedScalar> {
    /// The text itself.
    package var string: String {
        var string = String.UnicodeScalarView()
        for aligned in self { string.append(aligned.scalar) }
        return String(string)
    }
}

extension AlignedScalar {
    /// Another scalar in the same place.
    @inline(__always)
    func with(_ scalar: Unicode.Scalar) -> AlignedScalar {
        AlignedScalar(scalar: scalar, start: start, end: end)
    }
}
