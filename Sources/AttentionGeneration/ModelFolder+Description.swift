import AttentionFiles
import AttentionModels

extension ModelFolder {
    /// The contents of `config.json`. Errors name the file.
    func description<Description: Decodable>(_ type: Description.Type) throws -> Description {
        do {
            return try decode(type)
        } catch let error as ModelConfigurationError {
            throw ModelFileError(error, file: "\(path)/config.json", architectureField: "model_type")
        }
    }
}

extension ModelFileError {
    /// A configuration that is not implemented, with the file that holds it.
    init(_ error: ModelConfigurationError, file: String, architectureField: String) {
        switch error {
        case .unknownArchitecture(let name, let known):
            self = .invalidField(
                file: file, field: architectureField,
                expected: "one of \(known.joined(separator: ", ")), which are implemented", found: "'\(name)'"
            )
        case .unsupported(let field, let value, let supported):
            self = .invalidField(file: file, field: field, expected: supported, found: value)
        }
    }
}
