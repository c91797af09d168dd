import Attention
import AttentionTensors

extension DecoderTransformer.Configuration {
    /// The form must describe exactly this model: a property without a key in the format is refused.
    func checkMeaning(of form: GGUFForm) throws {
        let read = try DecoderTransformer.Description(metadata: FormMetadata(form)).configuration
        func scale(_ configuration: Self) -> Float {
            configuration.scoreScale ?? 1 / Float(configuration.headWidth).squareRoot()
        }
        func windows(_ configuration: Self) -> [Int?] {
            (0..<min(configuration.layers, 4096)).map(configuration.window(ofLayer:))
        }
        func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-5 * abs(b) }
        var differences: [(String, String, String)] = []
        func check(_ field: String, _ isSame: Bool, _ own: Any, _ other: Any) {
            if !isSame { differences.append((field, "\(own)", "\(other)")) }
        }
        check(
            "the scores' scale", isClose(Double(scale(read)), Double(scale(self))), scale(self), scale(read))
        check("the windows", windows(read) == windows(self), window ?? 0, read.window ?? 0)
        check("the activation", read.activation == activation, activation, read.activation)
        check(
            "the token vectors' factor", read.embeddingScale == embeddingScale, embeddingScale,
            read.embeddingScale)
        check(
            "norms of heads", read.normalizesHeads == normalizesHeads, normalizesHeads, read.normalizesHeads)
        check(
            "norms of outputs", read.normalizesOutputs == normalizesOutputs, normalizesOutputs,
            read.normalizesOutputs)
        if case .rotary(let own) = positions, case .rotary(let other) = read.positions {
            // Of divisors the file's metadata say nothing but what goes with LongRoPE's.
            var (isSame, magnitude) = (true, other.magnitude)
            switch own.scaling {
            case .llama3, .divisors: break
            case .longRope(_, _, let original, _):
                isSame = read.storedLongRope?.originalPositions == original
                magnitude = read.storedLongRope?.magnitude ?? 1
            default: isSame = zip(own.frequencies, other.frequencies).allSatisfy(isClose)
            }
            check("rotary positions", isSame, own.scaling, other.scaling)
            check("rotary channels", own.width == other.width, own.width, other.width)
            check("rotary magnitude", isClose(magnitude, own.magnitude), own.magnitude, magnitude)
        }
        guard let (field, own, other) = differences.first else { return }
        throw ModelConfigurationError.unsupported(
            field: field, value: own, supported: "\(other) in GGUF files of this architecture")
    }
}

/// A form's metadata, as a file would answer.
private struct FormMetadata: ModelMetadata {
    let label = "GGUF"
    private let values: [String: GGUFForm.Value]

    init(_ form: GGUFForm) {
        values = Dictionary(form.metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    func string(_ key: String) -> String? { if case .text(let text) = values[key] { text } else { nil } }
    func integer(_ key: String) -> Int? { if case .integer(let number) = values[key] { number } else { nil } }
    func double(_ key: String) -> Double? {
        // As it comes back from a float32.
        if case .number(let number) = values[key] { Double(Float(number)) } else { nil }
    }
    func bool(_ key: String) -> Bool? { nil }
    func integers(_ key: String) -> [Int]? { nil }
    func count(_ key: String) -> Int? { nil }
}
