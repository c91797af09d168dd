import AttentionJSON

/// An error of a chat template, or of the values that it is given.
///
/// `template` is the name that the caller gave, such as the path of its file; lines and columns are counted
/// from 1, columns in Unicode scalars.
public enum ChatTemplateError: Error, Hashable, Sendable {
    /// The template is not well-formed.
    case syntax(template: String, line: Int, column: Int, reason: String)
    /// The template uses a part of the language that is not implemented.
    case unsupported(template: String, line: Int, column: Int, construct: String)
    /// The template refuses the conversation, in its own words.
    case refused(template: String, message: String)
    /// The template does something that its language does not allow, such as adding a number to a text.
    case failed(template: String, line: Int, column: Int, reason: String)
    /// The template uses up a budget; see ``ChatTemplate/Limits``.
    case tooCostly(template: String, line: Int, column: Int, limit: String)
    /// The model has no chat template, or none of the name that was asked for.
    case noTemplate(model: String, name: String?, available: [String])
    /// A value is nested deeper than templates can take.
    case tooDeep(limit: Int)
}

extension ChatTemplateError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .syntax(let template, let line, let column, let reason):
            "\(template):\(line):\(column): not a valid chat template: \(excerpt(reason))"
        case .unsupported(let template, let line, let column, let construct):
            "\(template):\(line):\(column): the chat template uses \(excerpt(construct)), which is not supported"
        case .refused(let template, let message):
            "\(template): the chat template refuses the conversation: \(excerpt(message, limit: 1000))"
        case .failed(let template, let line, let column, let reason):
            "\(template):\(line):\(column): the chat template fails: \(excerpt(reason, limit: 300))"
        case .tooCostly(let template, let line, let column, let limit):
            "\(template):\(line):\(column): the chat template takes \(limit)"
        case .noTemplate(let model, let name?, let available) where available.isEmpty:
            "\(model): has no chat template \(quoted(name)), nor any other. Name a file with one, or use a model that "
                + "was trained for chat"
        case .noTemplate(let model, nil, _):
            "\(model): has no chat template. Name a file with one, or use a model that was trained for chat"
        case .noTemplate(let model, let name?, let available):
            "\(model): has no chat template named \(quoted(name)); it has "
                + available.map { quoted($0) }.joined(separator: ", ")
        case .tooDeep(let limit):
            "a value for the chat template has more than \(limit) lists or objects in each other"
        }
    }
}
