import AttentionJSON
import Foundation

extension Tokenizer {
    /// Loads a tokenizer from a model folder, a `tokenizer.json`, a `tokenizer.model` (SentencePiece) or a
    /// `vocab.txt` (BERT).
    ///
    /// In a folder the first of these that is there is read, and then `vocab.json` with `merges.txt` (GPT-2).
    /// `tokenizer_config.json`, where there is one beside them, gives ``modelMaxLength`` and what the files
    /// other than `tokenizer.json` leave open, such as how text is normalised and what goes around it.
    ///
    /// - Throws: ``TokenizerError``, which names the file and the field.
    public init(contentsOf url: URL) throws(TokenizerError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw .unreadableFile(file: url.path, reason: "there is no such file or folder")
        }
        let folder = isFolder.boolValue ? url : url.deletingLastPathComponent()
        let file = isFolder.boolValue ? try Self.file(in: folder) : url
        let config = try Self.config(in: folder)
        let settings = config ?? TokenizerConfig()
        switch file.pathExtension {
        case "txt": try self.init(vocabulary: Self.bytes(of: file), name: file.path, config: settings)
        case "model": try self.init(sentencePiece: Self.bytes(of: file), name: file.path, config: settings)
        case _ where file.lastPathComponent == "vocab.json":
            let merges = folder.appendingPathComponent("merges.txt")
            try self.init(
                vocabulary: JSONValue(parsing: Self.bytes(of: file), name: file.path),
                merges: Self.bytes(of: merges), mergesName: merges.path, config: settings)
        default: try self.init(json: Self.bytes(of: file), name: file.path)
        }
        modelMaxLength = config?.modelMaxLength
    }

    /// Loads a tokenizer from a `vocab.txt`, one token a line, with BERT's normalisation.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - lowercase: whether text is lower-cased and its accents are stripped.
    /// - Throws: ``TokenizerError``.
    public init(vocabulary url: URL, lowercase: Bool) throws(TokenizerError) {
        var config = TokenizerConfig()
        config.lowercases = lowercase
        try self.init(vocabulary: Self.bytes(of: url), name: url.path, config: config)
    }

    private static func file(in folder: URL) throws(TokenizerError) -> URL {
        for name in ["tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json"] {
            let file = folder.appendingPathComponent(name)
            if FileManager.default.fileExists(atPath: file.path) { return file }
        }
        throw .noTokenizerFile(folder: folder.path)
    }

    private static func config(in folder: URL) throws(TokenizerError) -> TokenizerConfig? {
        let file = folder.appendingPathComponent("tokenizer_config.json")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        return try TokenizerConfig(reading: JSONValue(parsing: bytes(of: file), name: file.path))
    }

    private static func bytes(of url: URL) throws(TokenizerError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: url))
        } catch {
            throw .unreadableFile(file: url.path, reason: error.localizedDescription)
        }
    }
}
