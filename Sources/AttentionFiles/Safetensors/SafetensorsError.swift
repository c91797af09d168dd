import AttentionJSON

/// Why a `.safetensors` file was refused: which file, which tensor, where, and what was there instead.
public struct SafetensorsError: Error, Hashable, Sendable {
    /// The kind of fault.
    public enum Problem: Hashable, Sendable {
        /// The first eight bytes do not give a length that the header can have.
        case headerLength
        /// The header is not the JSON that it should be.
        case headerSyntax
        /// A string of the header is not valid Unicode, or piles up marks.
        case encoding
        /// The header names a tensor, or a member of an object, twice.
        case duplicateName
        /// An entry lacks a member, or has one that the format does not know.
        case entry
        /// An element type that is unknown or that cannot be read here.
        case elementType
        /// Extents that no tensor can have.
        case shape
        /// A tensor's bytes are not a range, or not as many as its shape and type need.
        case offsets
        /// Bytes that two tensors claim.
        case overlap
        /// Bytes that no tensor claims.
        case hole
        /// Bytes that a tensor claims and the file does not have.
        case truncated
    }

    /// The kind of fault.
    public let problem: Problem
    /// The file's path.
    public let file: String
    /// The tensor concerned, if the fault is one tensor's.
    public let tensor: String?
    /// The place of the fault, in bytes from the start of the file.
    public let offset: Int
    /// What stands in a sound file.
    public let expected: String
    /// What stands in this one.
    public let found: String
}

extension SafetensorsError: CustomStringConvertible {
    public var description: String {
        let name = tensor.map { ", tensor \(quoted($0))" } ?? ""
        return "\(excerpt(file, limit: 500))\(name), byte \(offset): expected \(expected), found \(found)"
    }
}
