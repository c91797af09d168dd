import AttentionFiles
import AttentionJSON

extension ModelDescription {
    /// Reads what a model's file says about itself. Every complaint names `config.json` or the GGUF file.
    ///
    /// - Parameters:
    ///   - file: The model's file.
    ///   - kind: The kind of model that is asked for. Another one is refused by its name, before its fields
    ///     are read.
    /// - Throws: `ModelFileError`, `GGUFError`.
    public init(_ file: ModelFile, expecting kind: ModelKind) throws {
        do {
            try ModelRegistry.check(kind, file)
            switch file.container {
            case .folder(let folder): self = try folder.decode(ModelDescription.self)
            case .gguf(let file): try self.init(metadata: file)
            }
        } catch let error as ModelConfigurationError {
            throw ModelFileError(error, in: file)
        }
    }
}

extension GGUFFile: ModelMetadata {
    public func count(_ key: String) throws -> Int? { metadata[key]?.array?.count }
}

extension ModelKind {
    /// The kind of model that a file says it holds; nil where it names no architecture, or, in a folder, none
    /// that is registered.
    public init?(of file: ModelFile) {
        guard let name = try? file.architecture() else { return nil }
        if let family = ModelRegistry.family(named: name, in: file.container) {
            self = family.kind
            return
        }
        switch file.container {
        case .folder: return nil
        case .gguf: self = Self.otherEncodersInGGUF.contains(exactly: name) ? .encoder : .decoder
        }
    }

    /// Encoders that are not implemented. All other files are decoders'.
    private static let otherEncodersInGGUF = ["nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "neo-bert"]
}

extension ModelRegistry {
    /// Refuses a file of another kind. A name that is not registered is refused when the description is read.
    fileprivate static func check(_ kind: ModelKind, _ file: ModelFile) throws {
        guard let name = try file.architecture(), let family = family(named: name, in: file.container),
            family.kind != kind
        else { return }
        throw ModelConfigurationError.wrongKind(
            family.kind, architecture: name, expected: kind,
            known: all.filter { $0.kind == kind }.flatMap { names(of: $0, in: file.container) })
    }

    fileprivate static func family(
        named name: String, in container: ModelFile.Container
    ) -> (any ModelFamily.Type)? {
        all.first { names(of: $0, in: container).contains(exactly: name) }
    }

    /// The names that a family has in such files.
    private static func names(
        of family: any ModelFamily.Type, in container: ModelFile.Container
    ) -> [String] {
        switch container {
        case .folder: family.modelTypes
        case .gguf: family.ggufNames
        }
    }
}

extension ModelFileError {
    /// A configuration that is not implemented, with the file that holds it.
    package init(_ error: ModelConfigurationError, in file: ModelFile) {
        let (path, architectureField) = (file.declaration.path, file.declaration.architecture)
        switch error {
        case .unknownArchitecture(let name, let known):
            self = .invalidField(
                file: path, field: architectureField,
                expected: "one of \(known.joined(separator: ", ")), which are implemented", found: "'\(name)'"
            )
        case .unsupported(let field, let value, let supported):
            self = .invalidField(file: path, field: field, expected: supported, found: value)
        case .wrongKind(let kind, let architecture, let expected, let known):
            self = .invalidField(
                file: path, field: architectureField,
                expected: "\(expected.phrase), one of \(known.joined(separator: ", "))",
                found: "'\(architecture)', \(kind.phrase)")
        case .alreadyRegistered(let name):
            self = .invalidField(
                file: path, field: architectureField, expected: "one family of this name",
                found: "'\(name)' twice")
        }
    }
}
