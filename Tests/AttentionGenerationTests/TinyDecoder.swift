import AttentionGeneration
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport

/// The stored decoders of AttentionModelsTests, with 64 tokens, 64 positions and no tokenizer.
enum TinyDecoder {
    static func model(_ name: String = "llama") throws -> LanguageModel {
        try LanguageModel(path: Locations.fixture("AttentionModelsTests", "decoders/\(name)").path)
    }

    static let prompt = [5, 17, 40, 3]
}

extension TextGeneration {
    /// All tokens to the end.
    mutating func rest() throws -> [GeneratedToken] {
        var tokens: [GeneratedToken] = []
        while let token = try next() { tokens.append(token) }
        return tokens
    }
}

extension LanguageModel {
    func generated(_ tokens: [Int], _ options: GenerationOptions) throws -> [Int] {
        var generation = try generation(of: tokens, options)
        return try generation.rest().map(\.id)
    }
}

extension Sampling {
    /// Samplings with different settings.
    static let samples: [Sampling] = [
        .greedy, Sampling(temperature: 0.9, seed: 3),
        Sampling(temperature: 1.4, topK: 12, topP: 0.9, seed: 4),
        repeating,
    ]

    private static var repeating: Sampling {
        var sampling = Sampling(typicalP: 0.8, seed: 5)
        sampling.repetitionPenalty = 1.2
        sampling.frequencyPenalty = 0.3
        return sampling
    }
}

extension TrainedModel {
    /// The file that rounds nothing, or another one.
    func model(_ type: String? = nil) throws -> LanguageModel {
        try LanguageModel(path: path(type ?? types[0]))
    }
}
