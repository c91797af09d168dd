import AttentionJSON

/// One step of a sentence-transformers model, as its `modules.json` lists it.
public struct SentenceModule: Hashable, Sendable {
    /// The step's class without its module, such as `Transformer`, `Pooling`, `Normalize`.
    public let kind: String
    /// The step's folder within the model's folder; empty for the model's folder itself.
    public let folder: String
}

extension ModelFolder {
    /// `sentence_bert_config.json`, which holds the greatest sentence length, if there is one.
    public var sentenceConfigPath: String? { path(ofFile: "sentence_bert_config.json") }

    /// The steps that turn a text into one vector, or nil if the folder has no `modules.json`.
    ///
    /// - Throws: ``ModelFileError``, also for a step whose folder lies outside the model's.
    public func sentenceModules() throws(ModelFileError) -> [SentenceModule]? {
        let name = "modules.json"
        guard FileKind(path: "\(path)/\(name)") != nil else { return nil }
        let list = try json(name)
        guard let steps = list.elements else {
            throw invalid(name, "the whole file", expected: "an array of modules", found: list)
        }
        var modules: [SentenceModule] = []
        for (index, step) in steps.enumerated() {
            guard let type = step["type"]?.stringValue else {
                throw invalid(name, "[\(index)].type", expected: "a class's name", found: step["type"])
            }
            guard let folder = step["path"]?.stringValue, folder.isEmpty || isPlainRelativePath(folder) else {
                throw invalid(
                    name, "[\(index)].path", expected: "a folder within this one", found: step["path"])
            }
            modules.append(
                .init(kind: type.split(separator: ".").last.map(String.init) ?? type, folder: folder))
        }
        return modules
    }

    /// The pooling step's configuration as a name for ``decode(_:from:)``, such as `1_Pooling/config.json`;
    /// nil if `modules.json` is absent or lists no pooling.
    ///
    /// - Throws: ``ModelFileError``.
    public func poolingConfigName() throws(ModelFileError) -> String? {
        try sentenceModules()?.first { $0.kind == "Pooling" }
            .map { $0.folder.isEmpty ? "config.json" : "\($0.folder)/config.json" }
    }

    private func invalid(
        _ name: String, _ field: String, expected: String, found: JSONValue?
    ) -> ModelFileError {
        .invalidField(
            file: "\(path)/\(name)", field: field, expected: expected, found: found?.description ?? "nothing")
    }
}
