import AttentionGeneration
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

struct PerplexityTests {
    private let model: LanguageModel
    private let tokens = (0..<150).map { ($0 * $0 + 3 * $0) % 64 }

    init() throws { model = try TinyDecoder.model() }

    /// −log p of each token from `first` on, in a window by itself.
    private func losses(_ window: [Int], from first: Int) throws -> [Double] {
        let logits = try model.decoder(SequenceBatch([window]))
        return try (first..<window.count).map { position in
            let row = logits.selecting(axis: 0, position - 1).scalars
            return try -Double(
                row.withUnsafeBufferPointer { try TokenLogProbability(of: window[position], in: $0) }
                    .logProbability)
        }
    }

    private func expect(_ found: Perplexity, _ losses: [Double]) {
        let mean = losses.reduce(0, +) / Double(losses.count)
        #expect(found.tokens == losses.count)
        #expect(abs(found.value / exp(mean) - 1) < 1e-5)
        let variance = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(losses.count)
        let error = exp(mean) * (variance / Double(losses.count - 1)).squareRoot()
        #expect(abs(found.standardError / error - 1) < 1e-3)
    }

    @Test func windowsThatSlide() throws {
        let found = try model.perplexity(of: tokens, windows: .sliding(length: 60, stride: 35))
        // 0..<60, 35..<95, 70..<130 and 105..<150, each scored from where the one before ends.
        let expected =
            try losses(Array(tokens[0..<60]), from: 1) + losses(Array(tokens[35..<95]), from: 25)
            + losses(Array(tokens[70..<130]), from: 25) + losses(Array(tokens[105..<150]), from: 25)
        #expect(expected.count == 149)
        expect(found, expected)
    }

    @Test func halvesOfWindows() throws {
        let found = try model.perplexity(of: tokens, windows: .halves(length: 48), beginToken: 1)
        let expected = try stride(from: 0, to: 144, by: 48).flatMap { start in
            try losses([1] + tokens[start + 1..<start + 48], from: 25)
        }
        expect(found, expected)
    }

    @Test func refusesTextsThatAreTooShort() throws {
        for windows: Perplexity.Windows in [
            .sliding(length: 65, stride: 5), .sliding(length: 20, stride: 21),
            .sliding(length: 20, stride: 0),
            .sliding(length: -1, stride: 1), .halves(length: 2), .halves(length: Int.max),
        ] {
            #expect(throws: GenerationError.self) { try model.perplexity(of: tokens, windows: windows) }
        }
        for text in [[], [5]] {
            #expect(throws: GenerationError.self) {
                try model.perplexity(of: text, windows: .sliding(length: 8, stride: 4))
            }
        }
    }
}
