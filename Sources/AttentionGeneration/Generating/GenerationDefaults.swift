import AttentionFiles
import AttentionJSON
import AttentionModels
import AttentionTokenizers

/// The settings with which a model's authors want text generated.
///
/// ```swift
/// let defaults = try model.generationDefaults()
/// var options = GenerationOptions(defaults, promptCount: tokens.count)
/// options.sampling.seed = 7
/// ```
public struct GenerationDefaults: Sendable {
    /// The way in which each token is chosen.
    public var sampling = Sampling.greedy
    /// Tokens that may or must not come at certain places of the text.
    public var rules = PositionRules()
    /// The greatest number of generated tokens; nil: not set.
    public var maximumTokens: Int?
    /// The greatest number of tokens of prompt and text; nil: not set. ``maximumTokens`` comes first.
    public var maximumLength: Int?
    /// Strings that end the text.
    public var stopStrings: [String] = []
    /// The power of the length by which a beam search divides scores; nil: not set.
    public var lengthPenalty: Float?
    /// The rule by which a beam search ends; nil: not set.
    public var earlyStopping: BeamOptions.EarlyStopping?
    /// The settings that are not followed, each in a sentence that names it.
    public var notes: [String] = []

    /// The settings of a model that says nothing.
    public init() {}

    /// The most tokens that are generated behind a prompt; nil: nothing is said, or the prompt is as long
    /// already.
    public func maximumTokens(promptCount: Int) -> Int? {
        if let maximumTokens { return maximumTokens > 0 ? maximumTokens : nil }
        guard let maximumLength, maximumLength > promptCount else { return nil }
        return maximumLength - promptCount
    }
}

extension GenerationOptions {
    /// The settings that a model's authors want, and otherwise the usual ones.
    ///
    /// - Parameters:
    ///   - defaults: The model's settings.
    ///   - promptCount: The number of the prompt's tokens.
    public init(_ defaults: GenerationDefaults, promptCount: Int) {
        self.init(sampling: defaults.sampling)
        if let maximum = defaults.maximumTokens(promptCount: promptCount) { maximumTokens = maximum }
        (rules, stopStrings) = (defaults.rules, defaults.stopStrings)
    }
}

extension LanguageModel {
    /// The settings of `generation_config.json` in the model's folder or of its GGUF file's metadata; where
    /// there are none, the most probable token is taken.
    ///
    /// - Throws: `ModelFileError` or `GGUFError` for a file that is damaged;
    ///   ``GenerationError/unsupported(_:)`` where a GGUF file asks for a way of choosing that there is not
    ///   (mirostat, XTC).
    public func generationDefaults() throws -> GenerationDefaults {
        switch file.container {
        case .folder(let folder): return try defaults(of: folder)
        case .gguf(let file):
            var defaults = GenerationDefaults()
            defaults.sampling = try Sampling(gguf: file)
            return defaults
        }
    }

    private func defaults(of folder: ModelFolder) throws -> GenerationDefaults {
        let name = "generation_config.json"
        guard folder.path(ofFile: name) != nil else { return GenerationDefaults() }
        let json = try folder.json(name)
        var defaults = GenerationDefaults(
            try ModelFolder.decode(GenerationConfig.self, from: json), json,
            vocabulary: decoder.configuration.vocabulary)
        if (try? tokenizer) == nil, !defaults.stopStrings.isEmpty {
            defaults.notes.append(
                "\(folder.path)/\(name): stop_strings is not followed: there is no tokenizer")
            defaults.stopStrings = []
        }
        return defaults
    }
}

extension Sampling {
    /// The choice of tokens in a GGUF file's metadata: the keys `general.sampling.…` that llama.cpp's
    /// converter makes of `generation_config.json`. Without such keys, the most probable token is taken.
    ///
    /// The order of the steps (`sequence`) and the reach of the penalty (`penalty_last_n`) are this
    /// library's.
    ///
    /// - Throws: `GGUFError` for a value of another type; ``GenerationError/unsupported(_:)`` where the file
    ///   asks for a way of choosing that there is not.
    public init(gguf file: GGUFFile) throws {
        func number(_ name: String) throws -> Float? {
            try file.double(GGUFKey.sampling(name)).map { Float($0) }
        }
        for (name, none) in [("mirostat", Float(0)), ("xtc_probability", 0)] {
            guard let value = try number(name), value != none else { continue }
            throw GenerationError.unsupported(
                "\(file.path): \(GGUFKey.sampling(name)) is \(value), and tokens are never chosen in that way here: "
                    + "say how they are to be chosen")
        }
        let temperature = try number("temp")
        let (topK, topP, minP) = try (
            file.integer(GGUFKey.sampling("top_k")), number("top_p"), number("min_p")
        )
        let isSaid = temperature != nil || topK != nil || topP != nil || minP != nil
        self = isSaid ? Sampling(temperature: temperature ?? 1, topP: topP, minP: minP) : .greedy
        // 0 and less stand for all.
        if let topK, topK > 0 { self.topK = topK }
        repetitionPenalty = try number("penalty_repeat") ?? 1
    }
}
