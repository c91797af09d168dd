import AttentionFiles
import AttentionJSON

/// The members of a JSON object of settings, each asked for by its name, so that what is never asked for is
/// found. A member that is `null` counts as absent, as it does where Python reads it with `get`.
struct SettingsReader {
    /// The path of the file, for errors.
    let file: String
    private let object: JSONValue?

    /// An object without members stands for a file that is not there.
    ///
    /// - Throws: `ModelFileError` if the file holds no JSON object.
    init(_ folder: ModelFolder, _ name: String) throws {
        file = "\(folder.path)/\(name)"
        guard folder.path(ofFile: name) != nil else {
            object = nil
            return
        }
        let value = try folder.json(name)
        guard value.isObject else {
            throw ModelFileError.invalidField(
                file: file, field: "the whole file", expected: "an object", found: value.description)
        }
        object = value
    }

    private init(file: String, object: JSONValue?) {
        self.file = file
        self.object = object
    }

    var isEmpty: Bool { names.isEmpty }

    /// The names of all members, in the file's order.
    var names: [ExactString] { object?.members.map { $0.map(\.name) } ?? [] }

    func contains(_ name: String) -> Bool { object?[name] != nil }

    func value(_ name: String) -> JSONValue? {
        guard let value = object?[name], !value.isNull else { return nil }
        return value
    }

    func string(_ name: String) throws(ModelFileError) -> String? {
        try read(name, "a text") { $0.stringValue }
    }

    func bool(_ name: String) throws(ModelFileError) -> Bool? {
        try read(name, "true or false") { $0.boolValue }
    }

    /// The texts that all members hold, in the file's order; nil for a member that is `null`.
    func strings() throws(ModelFileError) -> [(name: ExactString, text: String?)] {
        var texts: [(name: ExactString, text: String?)] = []
        guard let members = object?.members else { return [] }
        for (name, value) in members {
            let text = value.stringValue
            guard text != nil || value.isNull else { throw invalid(name.string, expected: "a text") }
            texts.append((name, text))
        }
        return texts
    }

    /// - Parameter bounds: The numbers that make sense.
    func integer(_ name: String, in bounds: ClosedRange<Int>) throws(ModelFileError) -> Int? {
        try read(name, "a whole number from \(bounds.lowerBound) on") { value in
            value.integerValue.flatMap { bounds.contains($0) ? $0 : nil }
        }
    }

    /// The settings that the member holds; empty ones if it is absent.
    func settings(_ name: String) throws(ModelFileError) -> SettingsReader {
        let value = try read(name, "an object") { $0.isObject ? $0 : nil }
        return SettingsReader(file: file, object: value)
    }

    /// The error for a member that cannot be followed.
    func invalid(_ name: String, expected: String) -> ModelFileError {
        .invalidField(
            file: file, field: object?.path(of: name) ?? name, expected: expected,
            found: object?[name]?.description ?? "nothing")
    }

    /// The path of a member, such as `tokenizer_args.use_fast`.
    func path(of name: ExactString) -> String { object?.path(of: name.string) ?? name.string }

    /// The error for the first member whose name is none of `known`.
    func refuseMembers(besides known: Set<ExactString>) throws(ModelFileError) {
        guard let unknown = names.first(where: { !known.contains($0) }) else { return }
        let list = known.sorted().map(\.string).joined(separator: ", ")
        throw .invalidField(
            file: file, field: path(of: unknown), expected: "no member besides \(list)",
            found: object?[unknown.string]?.description ?? "nothing")
    }

    /// Adds a note for each member that is not `null` and whose name is none of `known`.
    func noteMembers(besides known: Set<ExactString>, in notes: inout [String]) {
        guard let members = object?.members else { return }
        for (name, value) in members where !known.contains(name) && !value.isNull {
            notes.append("\(excerpt(file, limit: 500)): \(path(of: name)) is not followed")
        }
    }

    private func read<Value>(
        _ name: String, _ expected: String, _ convert: (JSONValue) -> Value?
    ) throws(ModelFileError) -> Value? {
        guard let value = value(name) else { return nil }
        guard let converted = convert(value) else { throw invalid(name, expected: expected) }
        return converted
    }
}
