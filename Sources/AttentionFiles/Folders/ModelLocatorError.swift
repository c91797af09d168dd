import AttentionJSON

/// Why a model could not be found.
public enum ModelLocatorError: Error, Hashable, Sendable {
    /// The text cannot be a model's name.
    case invalidName(String, reason: String)
    /// Nothing of this name is in any of the places; `similar` are names that are.
    case notFound(name: String, searched: [String], similar: [String], root: String)
    /// Several models in the cache have this name.
    case ambiguous(name: String, candidates: [String])
    /// The cache knows the model but does not hold it.
    case incomplete(name: String, folder: String, reason: String)
    /// The cache holds no more of the model than these files, and nothing says whether each is a model of its
    /// own.
    case partial(name: String, files: [String])
}

extension ModelLocatorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidName(let name, let reason):
            return
                "\(quoted(name)) is no model's name: \(reason). Give a model's folder or GGUF file, or a name "
                + "such as all-MiniLM-L6-v2 or org/name:file.gguf."
        case .notFound(let name, let searched, let similar, let root):
            let places = searched.map { "\n  \(excerpt($0, limit: 500))" }.joined()
            let names = similar.map { quoted($0) }.joined(separator: ", ")
            return "no model \(quoted(name)). Looked for in:\(places)\n"
                + (similar.isEmpty ? "" : "Did you mean \(names)?\n")
                + "Give the path of a folder that holds config.json and model.safetensors, or of a GGUF "
                + "file, or put it into \(excerpt(root, limit: 500)). A name with its organisation, as in "
                + "sentence-transformers/all-MiniLM-L6-v2, is fetched from the Hugging Face hub."
        case .ambiguous(let name, let candidates):
            let names = candidates.map { quoted($0) }.joined(separator: ", ")
            return "\(quoted(name)) could be any of \(names). Give the whole name."
        case .incomplete(let name, let folder, let reason):
            return "the cache's copy of \(quoted(name)) in \(excerpt(folder, limit: 500)) is not complete: "
                + "\(reason). Fetch the model again."
        case .partial(let name, let files):
            let names = files.map { quoted("\(name):\($0)") }.joined(separator: " or ")
            return "of \(quoted(name)) there is only \(names) on this machine, and the whole model may be "
                + "something else. Name the file in this way to use it, or fetch the model with attend fetch "
                + "\(excerpt(name))."
        }
    }
}
