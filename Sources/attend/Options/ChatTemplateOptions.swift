import ArgumentParser
import AttentionFiles
import AttentionGeneration
import AttentionJSON
import AttentionTemplates
import AttentionTokenizers
import Foundation

/// The choice of a chat template.
struct ChatTemplateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A chat template in place of the model's own: a file (Jinja), or chatml, a format that many models know.",
            valueName: "template"),
        completion: .file(extensions: ["jinja"]))
    var template: String?

    @Option(
        help: ArgumentHelp(
            "The name of one of the model's own chat templates. By default it is tool_use with tools and "
                + "rag with documents, where the model has these, and else default.", valueName: "name"))
    var templateName: String?

    func validate() throws {
        if template != nil, templateName != nil {
            throw ValidationError("give either --template or --template-name, not both")
        }
    }

    /// The template with the special tokens that the model's files name.
    ///
    /// - Parameter file: The model; nil: there is none.
    func format(of file: ModelFile?) throws -> ChatFormat {
        guard let template else {
            guard let file else { throw Failure(.usage, "give a --model or a --template") }
            do {
                return try ChatFormat(file, name: templateName)
            } catch ChatTemplateError.noTemplate(let model, _, let names) where names.isEmpty {
                throw Failure(
                    .badData,
                    "\(model): has no chat template. Name one with --template FILE or --template chatml, or use a model "
                        + "that was trained for chat")
            }
        }
        let source: String
        let name: String
        if ExactString(template) == "chatml" {
            (source, name) = (ChatTemplate.chatML, "chatml")
        } else if FileManager.default.fileExists(atPath: template) {
            (source, name) = (try TextFile(path: template).content(), template)
        } else {
            throw Failure(
                .noInput,
                "there is no chat template \(template): name a file with one, or chatml. One of the model's own is "
                    + "chosen with --template-name")
        }
        return ChatFormat(
            template: try ChatTemplate(source, name: name),
            specialTokens: try file.map { try ChatFormat.specialTokens(of: $0) } ?? [:])
    }
}
