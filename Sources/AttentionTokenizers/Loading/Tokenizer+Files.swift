import AttentionJSON
import Foundation

extension Tokenizer {
    /// Loads a tokenizer from a model folder, a `tokenizer.json` or a `vocab.txt`.
    ///
    /// In a folder `tokenizer.json` is preferred to `vocab.txt`. `tokenizer_config.json`, where there is
    /// one beside them, gives ``modelMaxLength`` and, for `vocab.txt`, how text is normalised.
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
        if file.pathExtension == "txt" {
            try self.init(
                vocabulary: Self.bytes(of: file), name: file.path, config: config ?? BertTokenizerConfig())
        } else {
            try self.init(json: Self.bytes(of: file), name: file.path)
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
        var config = BertTokenizerConfig()
        config.lowercases = lowercase
        try self.init(vocabulary: Self.bytes(of: url), name: url.path, config: config)
    }

    private static func file(in folder: URL) throws(TokenizerError) -> URL {
        for name in ["tokenizer.json", "vocab.txt"] {
            let file = folder.appendingPathComponent(name)
            if FileManager.default.fileExists(atPath: file.path) { return file }
        }
        throw .noTokenizerFile(folder: folder.path)
    }

    private static func config(in folder: URL) throws(TokenizerError) -> BertTokenizerConfig? {
        let file = folder.appendingPathComponent("tokenizer_config.json")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        return try BertTokenizerConfig(reading: JSONValue(parsing: bytes(of: file), name: file.path))
    }

    private static func bytes(of url: URL) throws(TokenizerError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: url))
        } catch {
            throw .unreadableFile(file: url.path, reason: error.localizedDescription)
        }
    }
}
