import ArgumentParser
import AttentionGeneration
import AttentionTokenizers
import Foundation

/// The chat template to use.
struct ChatTemplateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with a chat template (Jinja), in place of the model's own; or chatml, which many models know; or the "
                + "name of one of the model's templates.", valueName: "template"),
        completion: .file(extensions: ["jinja"]))
    var template: String?

    /// The template with the special tokens that the model's files name.
    ///
    /// - Parameter path: the model's folder or file; nil: there is no model.
    func format(ofModelAt path: String?) throws -> ChatFormat {
        guard let template else {
            guard let path else { throw Failure(.usage, "give a --model or a --template") }
            do {
                return try ChatFormat(path: path)
            } catch ChatTemplateError.noTemplate(let model, nil, _) {
                throw Failure(
                    .badData,
                    "\(model): has no chat template. Name one with --template FILE or --template chatml, or use a model "
                        + "that was trained for chat")
            }
        }
        let source: String
        let name: String
        if template == "chatml" {
            (source, name) = (ChatTemplate.chatML, "chatml")
        } else if FileManager.default.fileExists(atPath: template) {
            (source, name) = (try TextFile(path: template).text(), template)
        } else if let path, !template.contains("/"), !template.hasSuffix(".jinja") {
            return try ChatFormat(path: path, name: template)
        } else {
            throw Failure(.noInput, "there is no chat template \(template): name a file with one, or chatml")
        }
        return ChatFormat(
            template: try ChatTemplate(source, name: name),
            specialTokens: try path.map { try ChatFormat.specialTokens(path: $0) } ?? [:])
    }
}
