/// An error in a tokenizer's files, or in a request to a tokenizer.
///
/// `file` is the name that the caller gave or the file's path; `field` is a path such as
/// `model.vocab["##ing"]`.
public enum TokenizerError: Error, Hashable, Sendable {
    /// The file cannot be read.
    case unreadableFile(file: String, reason: String)
    /// The folder holds no file that a tokenizer can be read from.
    case noTokenizerFile(folder: String)
    /// The GGUF file holds no tokenizer.
    case noVocabulary(file: String)
    /// The file is of no kind that a tokenizer can be read from.
    case unknownFormat(file: String)
    /// The file is not JSON text, for the reason found at the byte `offset`.
    case invalidJSON(file: String, offset: Int, reason: String)
    /// The file is not in the binary format that it should be in.
    case invalidData(file: String, offset: Int, reason: String)
    /// A field that must be there is absent.
    case missingField(file: String, field: String)
    /// A field holds another type of value than it must.
    case wrongType(file: String, field: String, expected: String, found: String)
    /// A field holds a value that makes no sense.
    case invalidValue(file: String, field: String, reason: String)
    /// A field asks for something that is not implemented.
    case unsupported(file: String, field: String, found: String, supported: [String])
    /// A field names a token that the vocabulary does not have.
    case unknownToken(file: String, field: String, token: String)
    /// The model has no token for this text, and none for what is unknown.
    case unknownText(String)
    /// A pattern of the tokenizer's takes more steps on the text than are allowed.
    case patternTooCostly(pattern: String, steps: Int)
    /// The text is longer than offsets can say.
    case textTooLong(bytes: Int, limit: Int)
    /// The text cannot be cut to the length that was asked for.
    case cannotTruncate(maxLength: Int, reason: String)
}

extension TokenizerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadableFile(let file, let reason):
            "\(file): cannot be read: \(reason)"
        case .noTokenizerFile(let folder):
            "\(folder): holds no tokenizer.json, tokenizer.model, vocab.txt or vocab.json"
        case .noVocabulary(let file):
            "\(file): this GGUF file holds no tokenizer (no tokens in 'tokenizer.ggml.tokens')"
        case .unknownFormat(let file):
            "\(file): expected a model's folder, a tokenizer.json, tokenizer.model or vocab.txt, or a GGUF file, "
                + "found a file of another kind"
        case .invalidJSON(let file, let offset, let reason):
            "\(file): not valid JSON at byte \(offset): \(reason)"
        case .invalidData(let file, let offset, let reason):
            "\(file): damaged at byte \(offset): \(reason)"
        case .missingField(let file, let field):
            "\(file): '\(field)' is missing"
        case .wrongType(let file, let field, let expected, let found):
            "\(file): '\(field)' must be \(expected), found \(found)"
        case .invalidValue(let file, let field, let reason):
            "\(file): '\(field)' \(reason)"
        case .unsupported(let file, let field, let found, let supported):
            "\(file): '\(field)' is '\(found)', which is not supported; "
                + "supported: \(supported.joined(separator: ", "))"
        case .unknownToken(let file, let field, let token):
            "\(file): '\(field)' names the token '\(token)', which the vocabulary does not have"
        case .unknownText(let text):
            "the model has no token for '\(text)', and none for what is unknown"
        case .patternTooCostly(let pattern, let steps):
            "the tokenizer's pattern '\(pattern)' takes more than \(steps) steps on this text"
        case .textTooLong(let bytes, let limit):
            "the text has \(bytes) bytes; at most \(limit) can be tokenized at once"
        case .cannotTruncate(let maxLength, let reason):
            "the text cannot be cut to \(maxLength) tokens: \(reason)"
        }
    }
}
