import AttentionJSON

/// Why a GGUF file was refused: which file, which key or tensor, where, and what was there instead.
public struct GGUFError: Error, Hashable, Sendable {
    /// The kind of fault.
    public enum Problem: Hashable, Sendable {
        /// The file does not begin as GGUF files do.
        case magic
        /// A version of the format that cannot be read.
        case version
        /// The file ends within something, or is too short for what it says that it holds.
        case truncated
        /// A text that is not valid UTF-8, or too long for what it is.
        case encoding
        /// A key or a tensor's name stands there twice.
        case duplicateName
        /// A value of a type that the format does not have, or that its key cannot have.
        case valueType
        /// A value that its key cannot have.
        case value
        /// A key that is needed is absent.
        case missingKey
        /// A tensor's element type that is unknown.
        case elementType
        /// Extents that no tensor can have.
        case shape
        /// A tensor's bytes do not lie where they can.
        case offset
        /// Bytes that two tensors claim.
        case overlap
        /// One of the files of a model is not the one that belongs there.
        case part
    }

    /// The kind of fault.
    public let problem: Problem
    /// The file's path.
    public let file: String
    /// The key or the tensor concerned, if the fault is one's.
    public let name: String?
    /// The place of the fault, in bytes from the start of the file; nil for a value of the metadata, which
    /// its key names.
    public let offset: Int?
    /// What stands in a sound file.
    public let expected: String
    /// What stands in this one.
    public let found: String
}

extension GGUFError: CustomStringConvertible {
    public var description: String {
        let name = name.map { ", \(quoted($0))" } ?? ""
        let place = offset.map { ", byte \($0)" } ?? ""
        return "\(excerpt(file, limit: 500))\(name)\(place): expected \(expected), found \(found)"
    }
}
