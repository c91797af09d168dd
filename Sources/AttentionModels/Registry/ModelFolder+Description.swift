import AttentionFiles

extension ModelFolder {
    /// What `config.json` says, with its name in every complaint.
    ///
    /// - Parameter kind: The kind of model that is asked for: another one is refused by its name, before its
    ///   fields are read.
    package func description(_ kind: ModelKind) throws -> ModelDescription {
        struct Fields: Decodable {
            let modelType: String

            private enum CodingKeys: String, CodingKey {
                case modelType = "model_type"
            }
        }
        do {
            try ModelRegistry.check(kind, modelType: decode(Fields.self).modelType)
            return try decode(ModelDescription.self)
        } catch let error as ModelConfigurationError {
            throw ModelFileError(error, file: "\(path)/config.json", architectureField: "model_type")
        }
    }
}

extension GGUFFile {
    /// What the metadata say, with the file's name in every complaint.
    ///
    /// - Parameter kind: The kind of model that is asked for: another one is refused by its name, before its
    ///   fields are read.
    package func description(_ kind: ModelKind) throws -> ModelDescription {
        do {
            if let name = try string("general.architecture") { try ModelRegistry.check(kind, ggufName: name) }
            return try ModelDescription(metadata: self)
        } catch let error as ModelConfigurationError {
            throw ModelFileError(error, file: path, architectureField: "general.architecture")
        }
    }
}

extension ModelFileError {
    /// A configuration that is not implemented, with the file that holds it.
    package init(_ error: ModelConfigurationError, file: String, architectureField: String) {
        switch error {
        case .unknownArchitecture(let name, let known):
            self = .invalidField(
                file: file, field: architectureField,
                expected: "one of \(known.joined(separator: ", ")), which are implemented", found: "'\(name)'"
            )
        case .unsupported(let field, let value, let supported):
            self = .invalidField(file: file, field: field, expected: supported, found: value)
        case .wrongKind(let kind, let architecture, let expected, let known):
            self = .invalidField(
                file: file, field: architectureField,
                expected: "\(expected.phrase), one of \(known.joined(separator: ", "))",
                found: "'\(architecture)', \(kind.phrase)")
        case .alreadyRegistered(let name):
            self = .invalidField(
                file: file, field: architectureField, expected: "one family of this name",
                found: "'\(name)' twice")
        }
    }
}

extension GGUFFile: ModelMetadata {
    public func count(_ key: String) throws -> Int? { metadata[key]?.array?.count }
}
