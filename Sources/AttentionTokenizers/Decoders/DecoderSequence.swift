import AttentionJSON

/// Several decoders, one after the other.
struct DecoderSequence: TokenDecoder {
    static let type = "Sequence"

    private let decoders: [any TokenDecoder]

    init(_ decoders: [any TokenDecoder]) { self.decoders = decoders }

    init(reading value: JSONValue) throws(TokenizerError) {
        var decoders: [any TokenDecoder] = []
        for element in try value.required("decoders").array() {
            decoders.append(try TokenDecoders.read(element))
        }
        self.init(decoders)
    }

    func makeStage() -> any DecodingStage { Stage(stages: decoders.map { $0.makeStage() }) }

    private struct Stage: DecodingStage {
        var stages: [any DecodingStage]

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            var parts = parts
            for index in stages.indices { parts = stages[index].decode(parts, isLast: isLast) }
            return parts
        }
    }
}
