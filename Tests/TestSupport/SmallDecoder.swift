import Foundation

/// A language model's folder of a test's own, small and complete: the stored Llama with 64 tokens and 64
/// positions, and a tokenizer of characters. Removed with the value.
public final class SmallDecoder: Sendable {
    private let temporary: TemporaryFolder
    public var folder: URL { temporary.url }

    /// The tokens, by id: the begin and the end of a text, and a character each.
    public static let tokens: [String] =
        ["<s>", "</s>", " "]
        + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345678".map(String.init)

    public init() throws {
        temporary = try TemporaryFolder()
        for name in ["config.json", "model.safetensors"] {
            try FileManager.default.copyItem(
                at: Locations.fixture("AttentionModelsTests", "decoders/llama/\(name)"),
                to: folder.appendingPathComponent(name))
        }
        let vocabulary = Self.tokens.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        try write(
            """
            {"added_tokens": [{"id": 0, "content": "<s>", "special": true, "normalized": false, "lstrip": false,
              "rstrip": false, "single_word": false}, {"id": 1, "content": "</s>", "special": true,
              "normalized": false, "lstrip": false, "rstrip": false, "single_word": false}],
             "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": {"type": "Fuse"},
             "model": {"type": "BPE", "vocab": {\(vocabulary)}, "merges": []}}
            """, to: "tokenizer.json")
    }

    /// Replaces or adds a file of the folder, and returns its path.
    @discardableResult public func write(_ text: String, to name: String) throws -> String {
        let file = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        return file.path
    }
}
