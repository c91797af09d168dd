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

    var joinsTokens: Bool { decoders.contains(where: \.joinsTokens) }

    func bytes(of token: String) -> [UInt8] {
        var bytes = Array(token.utf8)
        for decoder in decoders {
            // Bytes that are not text are part of a character, and stay.
            guard let text = String(validating: bytes, as: UTF8.self) else { break }
            bytes = decoder.bytes(of: text)
            if decoder.joinsTokens { break }
        }
        return bytes
    }

    private struct Stage: DecodingStage {
        var stages: [any DecodingStage]

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            var parts = parts
            for index in stages.indices { parts = stages[index].decode(parts, isLast: isLast) }
            return parts
        }
    }
}
