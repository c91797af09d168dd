import AttentionJSON

/// An error in a model's files, apart from the inside of a `.safetensors` file (``SafetensorsError``).
public enum ModelFileError: Error, Hashable, Sendable {
    /// The system refused an operation ("open", "map", "write" …) on the file.
    case system(operation: String, file: String, reason: String)
    /// The path leads to something that is not a regular file.
    case notAFile(path: String, found: String)
    /// The path leads to something that is not a folder, or to nothing.
    case notAFolder(path: String, found: String)
    /// The file is of a kind that cannot be read; `expected` lists those that can.
    case unknownFormat(file: String, expected: String)
    /// The file has no bytes.
    case empty(file: String)
    /// The file is larger than any honest file of its kind.
    case tooLarge(file: String, limit: Int, found: Int)
    /// The file is not JSON text, for the reason found at the byte `offset`.
    case invalidJSON(file: String, offset: Int, reason: String)
    /// A member of a JSON file is missing or holds something else; `field` is its path, such as `a.b[2]`.
    case invalidField(file: String, field: String, expected: String, found: String)
    /// A model's folder lacks a file; `advice` says what to do.
    case missingFile(name: String, folder: String, advice: String)
    /// Tensors that are to be written cannot stand in one file.
    case cannotWrite(file: String, reason: String)
}

extension ModelFileError: CustomStringConvertible {
    public var description: String {
        // exact-text: what is found is said in words of the program.
        switch self {
        case .system(let operation, let file, let reason):
            "cannot \(operation) \(excerpt(file, limit: 500)): \(reason)"
        case .notAFile(let path, let found):
            "\(excerpt(path, limit: 500)): expected a regular file, found \(found)"
        case .notAFolder(let path, FileKind.file.rawValue):
            "\(excerpt(path, limit: 500)): expected a model's folder or a GGUF file, found a file of another kind"
        case .notAFolder(let path, let found) where FileKind(rawValue: found) != nil:  // exact-text: as above
            "\(excerpt(path, limit: 500)): expected a model's folder or file, found \(found)"
        case .notAFolder(let path, let found):
            "\(excerpt(path, limit: 500)): expected a model's folder, found \(found)"
        case .unknownFormat(let file, let expected):
            "\(excerpt(file, limit: 500)): expected \(expected), found a file of another kind"
        case .empty(let file):
            "\(excerpt(file, limit: 500)) is empty"
        case .tooLarge(let file, let limit, let found):
            "\(excerpt(file, limit: 500)): expected at most \(limit) bytes, found \(found)"
        case .invalidJSON(let file, let offset, let reason):
            "\(excerpt(file, limit: 500)) is not valid JSON: byte \(offset): \(reason)"
        case .invalidField(let file, let field, let expected, let found):
            "\(excerpt(file, limit: 500)): \(excerpt(field)): expected \(expected), found \(found)"
        case .missingFile(let name, let folder, let advice):
            "\(excerpt(folder, limit: 500)) holds no \(excerpt(name)). \(advice)"
        case .cannotWrite(let file, let reason):
            "cannot write \(excerpt(file, limit: 500)): \(reason)"
        }
    }
}
