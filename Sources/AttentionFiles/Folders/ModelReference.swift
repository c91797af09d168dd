import AttentionJSON

/// A model by its name, as people write it: `org/name`, `org/name:file.gguf`, `org/name@revision:file`.
public struct ModelReference: Hashable, Sendable {
    /// The name, such as `sentence-transformers/all-MiniLM-L6-v2`, or its last part alone.
    public let name: String
    /// A branch, tag or commit of the model's repository; nil for its main branch.
    public let revision: String?
    /// One file of the model, such as `model-q8_0.gguf`; nil for all that is needed.
    public let file: String?

    /// - Throws: ``ModelLocatorError/invalidName(_:reason:)``.
    public init(_ text: String) throws(ModelLocatorError) {
        func invalid(_ reason: String) -> ModelLocatorError { .invalidName(text, reason: reason) }
        guard !text.isEmpty, text.utf8.count <= 4096, !hasControlCharacters(text) else {
            throw invalid("it is empty, too long or has control characters")
        }
        let parts = ExactString(text).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let names = parts[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard isPlainRelativePath(names[0].string) else {
            throw invalid("a name has no '..', '\\' or empty part")
        }
        name = names[0].string
        revision = names.count > 1 ? names[1].string : nil
        file = parts.count > 1 ? parts[1].string : nil
        if let revision, !isPlainRelativePath(revision) {
            throw invalid("what follows the @ is no branch, tag or commit")
        }
        if let file, !isPlainRelativePath(file) { throw invalid("what follows the : is no file's name") }
    }
}

extension ModelReference: CustomStringConvertible {
    public var description: String {
        name + (revision.map { "@\($0)" } ?? "") + (file.map { ":\($0)" } ?? "")
    }
}
