import AttentionJSON
import Foundation

extension Tokenizer {
    /// Loads a tokenizer from a folder or from one file of it, as ``init(path:)`` says.
    init(contentsOf url: URL) throws(TokenizerError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw .unreadableFile(file: url.path, reason: "there is no such file or folder")
        }
        let folder = isFolder.boolValue ? url : url.deletingLastPathComponent()
        let file = isFolder.boolValue ? try Self.file(in: folder) : url
        let bytes = try Self.bytes(of: file)
        let settings: TokenizerSettings
        switch ExactString(file.pathExtension) {
        case "txt":
            settings = try TokenizerSettings(folder: folder, file: nil)
            try self.init(vocabulary: bytes, name: file.path, settings: settings)
        case "model":
            settings = try TokenizerSettings(folder: folder, file: nil)
            try self.init(sentencePiece: bytes, name: file.path, settings: settings)
        case _ where ExactString(file.lastPathComponent) == "vocab.json":
            let merges = folder.appendingPathComponent("merges.txt")
            settings = try TokenizerSettings(folder: folder, file: nil)
            try self.init(
                vocabulary: JSONValue(parsing: bytes, name: file.path),
                merges: Self.bytes(of: merges), mergesName: merges.path, settings: settings)
        default:
            guard ExactString(file.pathExtension) == "json" || Self.isObject(bytes) else {
                throw .unknownFormat(file: file.path)
            }
            let root = try JSONValue(parsing: bytes, name: file.path)
            settings = try TokenizerSettings(folder: folder, file: root)
            try self.init(json: root, settings: settings)
        }
        modelMaxLength = settings.modelMaxLength
    }

    /// Loads a tokenizer from a `vocab.txt`, one token a line, with BERT's normalisation.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - lowercase: whether text is lower-cased and its accents are stripped.
    /// - Throws: ``TokenizerError``.
    public init(vocabulary url: URL, lowercase: Bool) throws(TokenizerError) {
        var settings = TokenizerSettings()
        settings.lowercases = lowercase
        try self.init(vocabulary: Self.bytes(of: url), name: url.path, settings: settings)
    }

    /// Whether the bytes begin as those of a JSON object do.
    private static func isObject(_ bytes: [UInt8]) -> Bool {
        bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
    }

    private static func file(in folder: URL) throws(TokenizerError) -> URL {
        for name in ["tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json"] {
            let file = folder.appendingPathComponent(name)
            if FileManager.default.fileExists(atPath: file.path) { return file }
        }
        throw .noTokenizerFile(folder: folder.path)
    }

    /// A file's bytes; nil where there is none.
    package static func bytesIfPresent(of url: URL) throws(TokenizerError) -> [UInt8]? {
        FileManager.default.fileExists(atPath: url.path) ? try bytes(of: url) : nil
    }

    /// A JSON file of a folder; nil where there is none.
    package static func json(_ name: String, in folder: URL) throws(TokenizerError) -> JSONValue? {
        let file = folder.appendingPathComponent(name)
        guard let bytes = try bytesIfPresent(of: file) else { return nil }
        return try JSONValue(parsing: bytes, name: file.path)
    }

    private static func bytes(of url: URL) throws(TokenizerError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: url))
        } catch {
            throw .unreadableFile(file: url.path, reason: error.localizedDescription)
        }
    }
}
