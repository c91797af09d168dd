import Attention
import AttentionJSON
import AttentionTensors

extension ModelDescription {
    /// The metadata must describe exactly this model: a property without a key in the format is refused.
    func checkMeaning(
        of metadata: [(key: String, value: GGUFForm.Value)], family: any ModelFamily.Type
    ) throws {
        let read = try ModelDescription(metadata: FormMetadata(metadata)).configuration
        let own = configuration
        func refuse(_ field: String, _ value: Any, _ other: Any) -> ModelConfigurationError {
            .unsupported(
                field: field, value: "\(value)",
                supported: "\(other) in GGUF files of the architecture '\(family.ggufNames.first ?? "")'")
        }
        if own.input.scale != read.input.scale {
            throw refuse("the token vectors' factor", own.input.scale, read.input.scale)
        }
        if own.head.scale != read.head.scale {
            throw refuse("the logits' factor", own.head.scale, read.head.scale)
        }
        if own.head.softcap != read.head.softcap {
            throw refuse("the logits' softcap", own.head.softcap ?? 0, read.head.softcap ?? 0)
        }
        guard own.blocks.count == read.blocks.count else {
            throw refuse("the number of layers", own.blocks.count, read.blocks.count)
        }
        for (mine, other) in zip(own.blocks, read.blocks) {
            if let (field, value, found) = mine.difference(from: other, read.storedLongRope) {
                throw refuse(field, value, found)
            }
        }
    }
}

extension BlockConfiguration {
    /// The first property in which a block that was read back differs from this one.
    fileprivate func difference(
        from other: BlockConfiguration, _ stored: TransformerConfiguration.StoredLongRope?
    ) -> (field: String, own: Any, other: Any)? {
        let (a, b) = (attention, other.attention)
        let scales = [a, b].map { Double($0.scale ?? 1 / Float($0.headWidth).squareRoot()) }
        let differences: [(String, Bool, Any, Any)] = [
            ("the scores' scale", isClose(scales[0], scales[1]), scales[0], scales[1]),
            ("the scores' softcap", a.softcap == b.softcap, a.softcap ?? 0, b.softcap ?? 0),
            ("a layer's window", a.span == b.span, a.span.window ?? 0, b.span.window ?? 0),
            ("norms of heads", a.normalizesHeads == b.normalizesHeads, a.normalizesHeads, b.normalizesHeads),
            ("the places of norms", placement == other.placement, placement, other.placement),
            (
                "the residuals' factor", residualScale == other.residualScale, residualScale,
                other.residualScale
            ),
            (
                "the activation", feedForward.activation == other.feedForward.activation,
                feedForward.activation, other.feedForward.activation
            ),
            (
                "the experts", feedForward.experts == other.feedForward.experts,
                feedForward.experts.map { "\($0)" } ?? "none",
                other.feedForward.experts.map { "\($0)" } ?? "none"
            ),
        ]
        if let (field, _, own, read) = differences.first(where: { !$0.1 }) { return (field, own, read) }
        switch (a.rotary, b.rotary) {
        case (nil, nil): return nil
        case (let own?, let read?): return own.difference(from: read, stored)
        default: return ("rotary positions", a.rotary != nil, b.rotary != nil)
        }
    }
}

extension RotaryEmbedding {
    fileprivate func difference(
        from other: RotaryEmbedding, _ stored: TransformerConfiguration.StoredLongRope?
    ) -> (field: String, own: Any, other: Any)? {
        // Of divisors the file's metadata say nothing but what goes with LongRoPE's.
        var (isSame, found) = (true, other.magnitude)
        switch scaling {
        case .llama3, .divisors: break
        case .longRope(_, _, let original, _):
            isSame = stored?.originalPositions == original
            found = stored?.magnitude ?? 1
        default: isSame = zip(frequencies, other.frequencies).allSatisfy(isClose)
        }
        if width != other.width { return ("rotary channels", width, other.width) }
        if !isSame { return ("rotary positions", scaling, other.scaling) }
        return isClose(found, magnitude) ? nil : ("rotary magnitude", magnitude, found)
    }
}

/// Equal as far as a file's float32 can say it.
private func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-5 * abs(b) }

/// A form's metadata, as a file would answer.
private struct FormMetadata: ModelMetadata {
    let label = "GGUF"
    private let values: [ExactString: GGUFForm.Value]

    init(_ metadata: [(key: String, value: GGUFForm.Value)]) {
        values = Dictionary(
            metadata.map { (ExactString($0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    private func value(_ key: String) -> GGUFForm.Value? { values[ExactString(key)] }

    func string(_ key: String) -> String? { if case .text(let text) = value(key) { text } else { nil } }
    func integer(_ key: String) -> Int? { if case .integer(let number) = value(key) { number } else { nil } }
    func double(_ key: String) -> Double? {
        // As it comes back from a float32.
        if case .number(let number) = value(key) { Double(Float(number)) } else { nil }
    }
    func bool(_ key: String) -> Bool? { nil }
    func integers(_ key: String) -> [Int]? { nil }
    func count(_ key: String) -> Int? { nil }
}
