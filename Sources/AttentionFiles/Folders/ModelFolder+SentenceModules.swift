import AttentionJSON

/// One module of a sentence-transformers model, as its `modules.json` lists it.
public struct SentenceModule: Hashable, Sendable {
    /// The module's class without its Python module, such as `Transformer`, `Pooling`, `Normalize`.
    public let kind: String
    /// The module's folder within the model's folder; empty for the model's folder itself.
    public let folder: String

    /// The name of a file in the module's folder, for ``ModelFolder/decode(_:from:)``.
    public func name(ofFile file: String) -> String { folder.isEmpty ? file : "\(folder)/\(file)" }
}

extension ModelFolder {
    /// The file that lists a sentence-transformers model's modules.
    package static let sentenceModulesName = "modules.json"

    /// The files of sentence-transformers' settings of an encoder, newest name first.
    package static let sentenceSettingsNames = [
        "bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet",
    ].map { "sentence_\($0)_config.json" }

    /// The modules that turn a text into one vector, in the order in which they run; nil if the folder has no
    /// `modules.json`.
    ///
    /// - Throws: ``ModelFileError``, also for a module whose folder lies outside the model's, and for a class
    ///   that is not sentence-transformers' own: it is code that comes with the model.
    public func sentenceModules() throws(ModelFileError) -> [SentenceModule]? {
        let name = Self.sentenceModulesName
        guard FileKind(path: "\(path)/\(name)") != nil else { return nil }
        let list = try json(name)
        guard let entries = list.elements else {
            throw invalid(name, "the whole file", expected: "an array of modules", found: list)
        }
        var modules: [SentenceModule] = []
        var names: Set<ExactString> = []
        for (index, entry) in entries.enumerated() {
            let parts = entry["type"]?.stringValue.map { ExactString($0).split(separator: ".") } ?? []
            guard parts.count > 1, parts[0] == "sentence_transformers", let kind = parts.last
            else {
                throw invalid(
                    name, "[\(index)].type", expected: "a class of sentence_transformers",
                    found: entry["type"])
            }
            guard let folder = entry["path"]?.stringValue, folder.isEmpty || isPlainRelativePath(folder)
            else {
                throw invalid(
                    name, "[\(index)].path", expected: "a folder within this one", found: entry["path"])
            }
            // The library keeps modules by name, so that a second one would replace the first.
            if let own = entry["name"]?.stringValue, !names.insert(ExactString(own)).inserted {
                throw invalid(name, "[\(index)].name", expected: "a name of its own", found: entry["name"])
            }
            modules.append(SentenceModule(kind: kind.string, folder: folder))
        }
        return modules
    }

    private func invalid(
        _ name: String, _ field: String, expected: String, found: JSONValue?
    ) -> ModelFileError {
        .invalidField(
            file: "\(path)/\(name)", field: field, expected: expected, found: found?.description ?? "nothing")
    }
}
