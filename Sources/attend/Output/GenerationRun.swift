import AttentionGeneration
import AttentionModels
import AttentionTokenizers
import Foundation

/// A text while it is generated: what is printed of it, and what is to be said in the end.
struct GenerationRun {
    private let model: LanguageModel
    private let prompt: [Int]
    private let echoes: Bool
    private let streams: Bool
    private let skipsSpecial: Bool

    private var tokens: [GeneratedToken] = []
    private var promptProbabilities: [TokenLogProbability?] = []
    private var guesses = (made: 0, right: 0)
    private var readingTime = Duration.zero
    private var generatingTime = Duration.zero
    private(set) var wasInterrupted = false
    /// Whether the text is whole by its constraint.
    private(set) var meetsConstraint = true

    init(_ model: LanguageModel, prompt: [Int], echoes: Bool, streams: Bool, skipsSpecial: Bool) {
        self.model = model
        self.prompt = prompt
        self.echoes = echoes
        self.streams = streams
        self.skipsSpecial = skipsSpecial
    }

    /// Generates to the end, or until Ctrl-C.
    mutating func generate(_ options: GenerationOptions, modelName: String) throws {
        do {
            var generation = try model.generation(of: prompt, options)
            let start = ContinuousClock.now
            try readPrompt(&generation)
            readingTime = start.duration(to: .now)
            try writeTokens(&generation)
            generatingTime = start.duration(to: .now) - readingTime
            guesses = generation.request.guesses
        } catch GenerationError.notFinite {
            throw Failure.overflow(of: modelName)
        }
    }

    private mutating func readPrompt(_ generation: inout TextGeneration<DecoderTransformer>) throws {
        let bar = ProgressBar("tokens", total: prompt.count)
        defer { bar.finish() }
        while !Interruption.isAsked, try generation.readPromptChunk() {
            bar.update(generation.request.promptTokensRead)
        }
        promptProbabilities = generation.request.promptLogProbabilities
    }

    private mutating func writeTokens(_ generation: inout TextGeneration<DecoderTransformer>) throws {
        var output = StandardOutput()
        if streams, echoes {
            try output.write(shown: Self.text(model, after: [], prompt, skipsSpecial: skipsSpecial))
            try output.flush()
        }
        while !Interruption.isAsked, let token = try generation.next() {
            tokens.append(token)
            guard streams else { continue }
            try output.write(
                shown: hasText ? token.text : "\(tokens.count > 1 || echoes ? " " : "")\(token.id)")
            try output.flush()
        }
        wasInterrupted = Interruption.isAsked && tokens.last?.finish == nil
        meetsConstraint = generation.state.meetsConstraint
        if streams { try output.write("\n") }
        try output.flush()
    }

    /// Whether tokens have a text. Ids are shown without a tokenizer.
    private var hasText: Bool { (try? model.tokenizer) != nil }

    /// The text of `tokens` where they follow others.
    static func text(
        _ model: LanguageModel, after others: [Int], _ tokens: [Int], skipsSpecial: Bool
    ) -> String {
        guard let tokenizer = try? model.tokenizer else {
            return (others.isEmpty ? "" : " ") + tokens.map(String.init).joined(separator: " ")
        }
        var decoder = tokenizer.streamDecoder(skipSpecialTokens: skipsSpecial)
        for token in others.suffix(8) { _ = decoder.append(token) }
        return tokens.reduce(into: "") { $0 += decoder.append($1) } + decoder.finish()
    }

    // MARK: - What is said in the end

    func object(_ options: GenerationOptions) -> [UInt8] {
        var members: [(String, JSON)] = [
            ("tokens", .integers(tokens.map(\.id))), ("text", .string(tokens.map(\.text).joined())),
            ("finish", .string(tokens.last?.finish?.name ?? (wasInterrupted ? "interrupted" : "complete"))),
        ]
        if options.logProbabilities != nil {
            members.append(("logprobs", .array(tokens.map { JSON($0.logProbability) })))
        }
        if echoes {
            let probabilities = [("logprobs", JSON.array(promptProbabilities.map { JSON($0) }))]
            let prompt = Self.object(
                prompt, model, skipsSpecial: skipsSpecial, options.includesPrompt ? probabilities : [])
            members.append(("prompt", prompt))
        }
        if !options.sampling.isGreedy {
            members.append(("seed", JSON(seed: options.sampling.seed)))
        }
        return JSON.object(members).line
    }

    /// A prompt's tokens and text.
    ///
    /// - Parameter more: Further members.
    static func object(
        _ prompt: [Int], _ model: LanguageModel, skipsSpecial: Bool, _ more: [(String, JSON)] = []
    ) -> JSON {
        let hasText = (try? model.tokenizer) != nil
        let text = hasText ? text(model, after: [], prompt, skipsSpecial: skipsSpecial) : ""
        return .object([("tokens", .integers(prompt)), ("text", .string(text))] + more)
    }

    var statistics: String {
        let reading = Self.seconds(readingTime)
        let generating = Self.seconds(generatingTime)
        var text = "attend: \(prompt.count) tokens read in \(Self.format(reading)) s"
        text += " (\(Self.format(Double(prompt.count) / reading)) a second), "
        text += "\(tokens.count) generated in \(Self.format(generating)) s"
        text += " (\(Self.format(Double(tokens.count) / generating)) a second)"
        if guesses.made > 0 { text += ", \(guesses.right) of \(guesses.made) guesses right" }
        return text + "\n"
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    private static func format(_ number: Double) -> String {
        String(format: number < 100 ? "%.2f" : "%.0f", number)
    }
}
