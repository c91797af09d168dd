import AttentionFiles
import AttentionModels
import AttentionTensors

extension LanguageModel {
    /// Writes a cache's keys and values to a safetensors file, so that a conversation goes on later
    /// without being read again.
    ///
    /// - Parameters:
    ///   - cache: A cache of this model.
    ///   - tokens: The tokens that it has read, all of them.
    ///   - path: The file.
    /// - Throws: `KeyValueCacheError`, `TensorError`, `ModelFileError`.
    public func save(_ cache: DecoderCache, tokens: [Int], to path: String) throws {
        let saved = try cache.save(
            tokens: tokens, model: DecoderCache.fingerprint(of: file.weights()))
        try SafetensorsWriter.write(saved.tensors, metadata: saved.metadata, to: path)
    }

    /// Replaces a cache's contents by those that ``save(_:tokens:to:)`` wrote.
    ///
    /// - Parameters:
    ///   - cache: A cache of this model, with the storage that the saved one had.
    ///   - path: The file.
    ///   - conversation: The tokens that are about to be continued: those that were saved must be their
    ///     beginning. nil: whatever was saved.
    /// - Returns: The tokens that it has read.
    /// - Throws: `KeyValueCacheError.cannotRestore` if the file is that of another model, storage or
    ///   conversation, or damaged; `ModelFileError`, `SafetensorsError`. Then the cache is as it was.
    public func restore(
        _ cache: inout DecoderCache, from path: String, conversation: [Int]? = nil
    ) throws -> [Int] {
        let saved = try SafetensorsFile(path: path)
        return try cache.restore(
            from: saved, metadata: saved.metadata,
            model: DecoderCache.fingerprint(of: file.weights()), conversation: conversation)
    }
}
