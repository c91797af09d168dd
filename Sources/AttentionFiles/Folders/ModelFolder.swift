import AttentionJSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A model as the Hugging Face hub lays it out: a folder with `config.json`, `model.safetensors`,
/// `tokenizer.json` and their companions. Files are looked at when they are asked for.
public struct ModelFolder: Hashable, Sendable {
    /// The limit of a file that is read as a whole, in bytes; the largest in use have about ten million.
    static let greatestLength = 100_000_000

    /// The folder's path, without a slash at its end.
    public let path: String

    /// - Throws: ``ModelFileError/notAFolder(path:found:)``; for a file that is empty or cannot be read, what
    ///   is wrong with it.
    public init(path: String) throws(ModelFileError) {
        let kind = FileKind(path: path)
        guard kind == .folder else {
            // An unreadable file's kind is unknown, so the reading error comes first.
            if kind == .file { _ = try MappedFile(path: path) }
            let found = GGUFFile.isOne(at: path) ? "a GGUF file" : kind?.rawValue
            throw .notAFolder(path: path, found: found ?? "nothing that can be opened")
        }
        // Otherwise its files would seem not to be there.
        guard access(path, X_OK) == 0 else { throw .lastSystemError("open", path) }
        self.path = path.utf8.count > 1 ? ExactString(path).dropping(suffix: "/") ?? path : path
    }

    /// The path of the file `name`, which may be a relative path within the folder; nil if it is not there.
    public func path(ofFile name: String) -> String? {
        let path = "\(path)/\(name)"
        return FileKind(path: path) == .file ? path : nil
    }

    /// `tokenizer.json`, if there is one.
    public var tokenizerPath: String? { path(ofFile: "tokenizer.json") }
    /// `vocab.txt`, WordPiece's list of pieces, if there is one.
    public var vocabularyPath: String? { path(ofFile: "vocab.txt") }

    /// The bytes of a small file in the folder, such as `config.json`.
    ///
    /// - Throws: ``ModelFileError``.
    public func data(of name: String) throws(ModelFileError) -> Data { Data(try bytes(of: name)) }

    /// Decodes a JSON file in the folder, by default the model's configuration.
    ///
    ///     let config = try folder.decode(BERTConfig.self)
    ///
    /// - Throws: ``ModelFileError``, which names the file and the member at fault; whatever `T` itself
    ///   throws.
    public func decode<T: Decodable>(_ type: T.Type, from name: String = "config.json") throws -> T {
        try Self.decode(type, from: json(name))
    }

    /// Decodes a JSON file that ``json(_:)`` has read.
    ///
    /// - Throws: ``ModelFileError`` for a field of another type; what `T` throws.
    package static func decode<T: Decodable>(_ type: T.Type, from json: JSONValue) throws -> T {
        do {
            return try JSONValueDecoder.decode(type, from: json)
        } catch let error as DecodingError {
            throw ModelFileError(error, json: json)
        }
    }

    /// A JSON file in the folder.
    package func json(_ name: String) throws(ModelFileError) -> JSONValue {
        let bytes = try bytes(of: name)
        do throws(JSONError) {
            return try JSONDocument(bytes, name: "\(path)/\(name)").root
        } catch {
            throw .invalidJSON(file: "\(path)/\(name)", offset: error.offset, reason: error.reason)
        }
    }

    private func bytes(of name: String) throws(ModelFileError) -> [UInt8] {
        let file = "\(path)/\(name)"
        guard FileKind(path: file) != nil else {
            throw missing(name, "A model's folder needs it: fetch the model again, or copy the file there.")
        }
        return try MappedFile.contents(of: file, limit: Self.greatestLength)
    }

    func missing(_ name: String, _ advice: String) -> ModelFileError {
        .missingFile(name: name, folder: path, advice: advice)
    }
}
