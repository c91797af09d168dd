#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A model as the Hugging Face hub lays it out: a folder with `config.json`, `model.safetensors`,
/// `tokenizer.json` and their companions. Files are looked at when they are asked for.
public struct ModelFolder: Hashable, Sendable {
    /// The limit of a JSON file, in bytes; the largest that are in use have about ten million.
    static let greatestJSONLength = 100_000_000

    public let path: String

    /// - Throws: ``ModelFileError/notAFolder(path:found:)``.
    public init(path: String) throws(ModelFileError) {
        let kind = FileKind(path: path)
        guard kind == .folder else {
            throw .notAFolder(path: path, found: kind?.rawValue ?? "nothing that can be opened")
        }
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
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

    /// The bytes of a JSON file in the folder, known to be valid JSON without a member named twice.
    ///
    /// - Throws: ``ModelFileError``.
    public func data(ofJSON name: String) throws(ModelFileError) -> Data {
        Data(try bytes(ofJSON: name).bytes)
    }

    /// Decodes a JSON file in the folder, by default the model's configuration.
    ///
    ///     let config = try folder.decode(BERTConfig.self)
    ///
    /// - Throws: ``ModelFileError``, which names the file and the member at fault; whatever `T` itself throws.
    public func decode<T: Decodable>(_ type: T.Type, from name: String = "config.json") throws -> T {
        let (file, bytes, json) = try bytes(ofJSON: name)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw ModelFileError(error, file: file, json: json)
        }
    }

    /// A JSON file in the folder as a tree.
    package func json(_ name: String) throws(ModelFileError) -> JSONValue { try bytes(ofJSON: name).json }

    private func bytes(
        ofJSON name: String
    ) throws(ModelFileError) -> (file: String, bytes: [UInt8], json: JSONValue) {
        let file = "\(path)/\(name)"
        guard FileKind(path: file) != nil else {
            throw missing(name, "A model's folder needs it: fetch the model again, or copy the file there.")
        }
        let bytes = try MappedFile.contents(of: file, limit: Self.greatestJSONLength)
        do throws(JSONError) {
            return (file, bytes, try JSONValue(parsing: bytes))
        } catch {
            throw .invalidJSON(file: file, error)
        }
    }

    func missing(_ name: String, _ advice: String) -> ModelFileError {
        .missingFile(name: name, folder: path, advice: advice)
    }
}
