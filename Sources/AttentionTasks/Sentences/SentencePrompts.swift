import AttentionFiles
import AttentionGeneration
import AttentionJSON

/// The text that stands before every text that becomes a vector, as some models were trained: `query: `.
public enum SentencePrompt: Hashable, Sendable {
    /// The model's own: that of `default_prompt_name` in `config_sentence_transformers.json`, mostly none.
    case standard
    /// The one of the model's prompts that has this name, such as `query`.
    case named(String)
    /// The text itself; empty for no prompt, whatever the model says.
    case text(String)
}

/// The settings of `config_sentence_transformers.json`.
struct SentencePrompts: Sendable {
    /// The prompts by name, in the file's order. `query` and `document` are there in any case, empty where
    /// the file has none.
    private(set) var prompts: [(name: ExactString, text: String)] = []
    private var standard: ExactString?
    /// The number of a vector's elements that are kept; nil: all.
    private(set) var truncatedWidth: Int?
    private(set) var similarity = TextEmbedder.Similarity.cosine

    init() { addUsualNames() }

    static let fileName = "config_sentence_transformers.json"

    /// - Throws: `ModelFileError`, also for a kind of model that gives no vectors of sentences.
    init(_ folder: ModelFolder, notes: inout [String]) throws {
        let settings = try SettingsReader(folder, Self.fileName)
        if let type = try settings.string("model_type"), ExactString(type) != "SentenceTransformer" {
            throw settings.invalid("model_type", expected: "SentenceTransformer")
        }
        prompts = try settings.settings("prompts").strings().map { ($0.name, $0.text ?? "") }
        addUsualNames()
        standard = try settings.string("default_prompt_name").map { ExactString($0) }
        if let standard, text(named: standard) == nil {
            throw settings.invalid("default_prompt_name", expected: "one of \(names), the names of prompts")
        }
        truncatedWidth = try settings.integer("truncate_dim", in: 1...Int.max)
        if let name = try settings.string("similarity_fn_name") {
            guard let known = TextEmbedder.Similarity(published: ExactString(name)) else {
                throw settings.invalid(
                    "similarity_fn_name", expected: "cosine, dot, euclidean or manhattan")
            }
            similarity = known
        }
        settings.noteMembers(
            besides: [
                "__version__", "prompts", "default_prompt_name", "similarity_fn_name", "truncate_dim",
                "model_type", "requirements",
            ], in: &notes)
    }

    private mutating func addUsualNames() {
        for name in ["query", "document"] as [ExactString] where text(named: name) == nil {
            prompts.append((name, ""))
        }
    }

    private var names: String { prompts.map { quoted($0.name.string) }.joined(separator: ", ") }

    private func text(named name: ExactString) -> String? { prompts.first { $0.name == name }?.text }

    /// The text of a prompt; empty for none.
    ///
    /// - Throws: `GenerationError.invalidOption(name:expected:found:)` for a name that the model does not
    ///   have.
    func text(of prompt: SentencePrompt) throws(GenerationError) -> String {
        switch prompt {
        case .text(let text): return text
        case .standard: return standard.flatMap(text(named:)) ?? ""
        case .named(let name):
            guard let text = text(named: ExactString(name)) else {
                throw .invalidOption(
                    name: "the prompt's name", expected: "one that the model has: \(names)",
                    found: quoted(name))
            }
            return text
        }
    }
}
