import Attention
import AttentionModels
import AttentionTensors

extension LanguageModel {
    /// The logits `[V]` of what follows some tokens, read in chunks.
    ///
    /// - Parameters:
    ///   - tokens: The tokens, taken as they are; at least one.
    ///   - storage: How keys and values are kept.
    /// - Throws: ``GenerationError``; `TensorError`; `CancellationError` in a task that was cancelled.
    public func logits(after tokens: [Int], storage: KeyValueStorage = .float32) throws -> [Float] {
        guard !tokens.isEmpty else { throw GenerationError.emptyPrompt }
        let longest = decoder.configuration.longestSequence
        guard tokens.count <= longest else {
            throw GenerationError.textTooLong(tokens: tokens.count, longest: longest)
        }
        var cache = try decoder.makeCache(capacity: tokens.count, storage: storage)
        var logits: [Float] = []
        for chunk in PromptChunks(tokens.count, by: decoder) {
            if Task.isCancelled { throw CancellationError() }
            logits = try decoder(Array(tokens[chunk]), cache: &cache).scalars
        }
        return logits
    }
}
