import AttentionJSON

/// The search for a GGUF file.
extension GGUFFile {
    /// Whether a path leads to a regular file that begins as GGUF files do, or to a folder that holds GGUF
    /// files and no `config.json`.
    static func isOne(at path: String) -> Bool {
        if FileKind(path: path) == .folder { return !models(inFolder: path).isEmpty }
        guard let mapping = try? MappedFile(path: path) else { return false }
        return mapping.bytes.starts(with: "GGUF".utf8)
    }

    /// The file that is meant: the path itself, or the one model in a folder.
    static func file(at path: String) throws(ModelFileError) -> String {
        guard FileKind(path: path) == .folder else { return path }
        let models = models(inFolder: path)
        guard models.count <= 1 else {
            throw .missingFile(
                name: "config.json", folder: path,
                advice: "It holds \(models.count) GGUF models; give the path of one: "
                    + models.prefix(8).joined(separator: ", ") + (models.count > 8 ? ", …" : ""))
        }
        guard let model = models.first else {
            throw .missingFile(name: "GGUF file", folder: path, advice: "Give the path of a model.")
        }
        return ExactString(path).hasSuffix("/") ? path + model : "\(path)/\(model)"
    }

    /// The names of the models in a folder. The first file of a split model stands for all of its files.
    private static func models(inFolder path: String) -> [String] {
        guard FileKind(path: "\(path)/config.json") == nil else { return [] }
        let names = fileNames(in: path).filter(GGUFPartName.isModel)
        return Set(names.map { ExactString(GGUFPartName($0)?[1] ?? $0) }).sorted().map(\.string)
    }
}
