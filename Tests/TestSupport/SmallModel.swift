import Foundation

/// A model folder of a test's own, small and complete: the stored BERT with 24 channels and two layers, and a
/// vocabulary of letters and a few words. Removed with the value.
public final class SmallModel: Sendable {
    private let temporary: TemporaryFolder
    public var folder: URL { temporary.url }

    /// The vocabulary, by id.
    public static let vocabulary: [String] =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "!", "the", "bank", "river", "money", "##s"]
        + (UInt8(ascii: "a")...UInt8(ascii: "z")).flatMap { letter in
            let letter = String(UnicodeScalar(letter))
            return letter == "s" ? [letter] : [letter, "##" + letter]
        }

    public init() throws {
        temporary = try TemporaryFolder()
        for name in ["config.json", "model.safetensors"] {
            try FileManager.default.copyItem(
                at: Locations.fixture("AttentionModelsTests", "bert/\(name)"),
                to: folder.appendingPathComponent(name))
        }
        try write(Self.vocabulary.joined(separator: "\n") + "\n", to: "vocab.txt")
    }

    /// Replaces or adds a file of the folder, and returns its path.
    @discardableResult public func write(_ text: String, to name: String) throws -> String {
        try temporary.write(text, to: name)
    }

    @discardableResult public func write(_ bytes: Data, to name: String) throws -> String {
        try temporary.write(bytes, to: name)
    }

    /// Writes the files of a sentence-transformers folder: the steps after the encoder, the pooling, and the
    /// greatest length of a text. No file is written for nil.
    public func describeSentences(
        steps: [String] = ["Transformer", "Pooling", "Normalize"], pooling: String? = nil,
        lengths: String? = nil
    ) throws {
        let modules = steps.enumerated().map { index, kind in
            let path = kind == "Transformer" ? "" : "\(index)_\(kind)"
            return #"{"idx": \#(index), "path": "\#(path)", "type": "sentence_transformers.models.\#(kind)"}"#
        }
        try write("[\(modules.joined(separator: ", "))]", to: "modules.json")
        if let pooling { try write(pooling, to: "1_Pooling/config.json") }
        if let lengths { try write(lengths, to: "sentence_bert_config.json") }
    }
}
