import AttentionTensors

/// Positions whose frequencies depend on the length of the text: LongRoPE and dynamic NTK.
///
/// One text has one set of frequencies, because distances make sense only between keys and queries that were
/// turned alike. A text that is read piece by piece takes the frequencies of the length that it may reach.
extension RotaryEmbedding {
    /// Whether frequencies depend on the text's length.
    public var dependsOnLength: Bool {
        switch scaling {
        case .longRope, .dynamic: true
        case .none, .linear, .llama3, .yarn, .divisors: false
        }
    }

    /// The positions of texts of up to `length` tokens, with frequencies that no longer depend on it.
    ///
    /// - Throws: `TensorError.invalidArgument` for a length at which the base is no number any more.
    public func fitted(toLength length: Int) throws(TensorError) -> RotaryEmbedding {
        switch scaling {
        case .none, .linear, .llama3, .yarn, .divisors: return self
        case .longRope(let short, let long, let original, let magnitude):
            return try RotaryEmbedding(
                width: width, base: base, pairing: pairing,
                scaling: .divisors(length > original ? long : short, magnitude: magnitude))
        case .dynamic(let factor, let original):
            let ratio = Double(max(length, original)) / Double(original)
            let exponent = Double(width) / Double(width - 2)
            return try RotaryEmbedding(
                width: width, base: base * Double.pow(1 + factor * (ratio - 1), exponent),
                pairing: pairing)
        }
    }

    /// The angles of whole texts that lie end to end, each with the frequencies of its own length.
    ///
    /// - Throws: As ``fitted(toLength:)``.
    public func angles(lengths: [Int]) throws(TensorError) -> RotaryAngles {
        guard dependsOnLength, !lengths.isEmpty else {
            return angles(positions: lengths.flatMap { 0..<$0 })
        }
        var parts: [RotaryAngles] = []
        for length in lengths { parts.append(try fitted(toLength: length).angles(positions: 0..<length)) }
        return try RotaryAngles(concatenating: parts, pairing)
    }
}

extension RotaryAngles {
    /// The angles of several texts end to end.
    package init(
        concatenating parts: [RotaryAngles], _ pairing: RotaryEmbedding.Pairing
    ) throws(TensorError) {
        try self.init(
            cosines: .concatenatingRows(parts.map(\.cosines)), sines: .concatenatingRows(parts.map(\.sines)),
            pairing: pairing)
    }
}
