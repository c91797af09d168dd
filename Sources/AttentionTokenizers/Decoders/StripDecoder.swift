import AttentionJSON

/// Removes a scalar, up to so many times, from the beginning and the end of every token.
struct StripDecoder: TokenDecoder {
    static let type = "Strip"

    private let content: Unicode.Scalar
    private let start: Int
    private let stop: Int

    init(content: Unicode.Scalar, start: Int) {
        self.content = content
        self.start = start
        stop = 0
    }

    init(reading value: JSONValue) throws(TokenizerError) {
        content = try value.required("content").scalar()
        start = try value.required("start").count()
        stop = try value.required("stop").count()
    }

    func makeStage() -> any DecodingStage { Stage(content: content, start: start, stop: stop) }

    func bytes(of token: String) -> [UInt8] {
        var scalars = Substring(token).unicodeScalars
        for _ in 0..<start where scalars.first == content { scalars.removeFirst() }
        for _ in 0..<stop where scalars.last == content { scalars.removeLast() }
        return Array(String(scalars).utf8)
    }

    private struct Stage: DecodingStage {
        let content: Unicode.Scalar
        let start: Int
        let stop: Int
        /// How many more may go from the beginning of the token.
        private var left = 0
        /// The scalars that may still turn out to be the end of the token.
        private var held = 0

        init(content: Unicode.Scalar, start: Int, stop: Int) {
            self.content = content
            self.start = start
            self.stop = stop
        }

        mutating func decode(_ parts: [DecodedPart], isLast: Bool) -> [DecodedPart] {
            var decoded: [DecodedPart] = []
            for part in parts {
                if part.beginsToken {
                    endToken(&decoded)
                    left = start
                }
                decoded.append(strip(part))
            }
            if isLast { endToken(&decoded) }
            return decoded
        }

        /// Gives back what was held in excess of what may go from the end.
        private mutating func endToken(_ decoded: inout [DecodedPart]) {
            let kept = Swift.max(0, held - stop)
            if kept > 0 { decoded.append(DecodedPart(text: text(kept), beginsToken: false)) }
            held = 0
        }

        private mutating func strip(_ part: DecodedPart) -> DecodedPart {
            var scalars = Substring(part.text).unicodeScalars
            while left > 0, scalars.first == content {
                scalars.removeFirst()
                left -= 1
            }
            if !scalars.isEmpty { left = 0 }
            guard stop > 0 else { return DecodedPart(text: String(scalars), beginsToken: part.beginsToken) }
            var trailing = 0
            while scalars.last == content {
                scalars.removeLast()
                trailing += 1
            }
            let before = scalars.isEmpty ? 0 : held
            held = scalars.isEmpty ? held + trailing : trailing
            return DecodedPart(text: text(before) + String(scalars), beginsToken: part.beginsToken)
        }

        private func text(_ count: Int) -> String {
            String(String.UnicodeScalarView(repeatElement(content, count: count)))
        }
    }
}
