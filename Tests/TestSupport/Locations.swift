import Foundation

/// The places of data and models that are not in the repository.
public enum Locations {
    /// The folder of published cases and texts: `ATTENTION_TEST_DATA`, or `shared/data` beside the
    /// repository.
    public static let data: URL? = folder(
        environment: "ATTENTION_TEST_DATA", or: repository.appendingPathComponent("../shared/data"))

    /// all-MiniLM-L6-v2: `ATTENTION_TEST_MODEL`, or where `make model` puts it.
    public static let model: URL? = folder(
        environment: "ATTENTION_TEST_MODEL", or: repository.appendingPathComponent("Models/all-MiniLM-L6-v2"))

    /// The root of this repository.
    public static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A fixture that scripts in this repository made.
    public static func fixture(_ target: String, _ name: String) -> URL {
        repository.appendingPathComponent("Tests/\(target)/Fixtures/\(name)")
    }

    private static func folder(environment name: String, or fallback: URL) -> URL? {
        let url = ProcessInfo.processInfo.environment[name].map { URL(fileURLWithPath: $0) } ?? fallback
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
        return exists && isDirectory.boolValue ? url.standardizedFileURL : nil
    }
}
