import Foundation
import TestSupport
import Testing

/// Models by name, fetched from a local server in the form of the hub.
struct FetchTests {
    private static let commit = "0123456789abcdef0123456789abcdef01234567"

    /// A hub with one model, `o/small`.
    private func hub() throws -> LocalServer {
        let model = try SmallModel()
        var files: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: model.folder.path) {
            files[name] = [UInt8](try Data(contentsOf: model.folder.appendingPathComponent(name)))
        }
        let list = files.keys.sorted().map { #"{"rfilename": "\#($0)"}"# }.joined(separator: ",")
        let listing = #"{"sha": "\#(Self.commit)", "siblings": [\#(list)]}"#
        return try LocalServer { [files] request in
            if request.target.hasPrefix("/api/models/o/small/revision/") {
                return .init(body: Array(listing.utf8))
            }
            for (name, content) in files where request.target == "/o/small/resolve/\(Self.commit)/\(name)" {
                return .init(headers: ["ETag": "\"tag-\(name)\""], body: content)
            }
            return .init(status: 404, headers: ["X-Error-Code": "RepoNotFound"])
        }
    }

    private func settings(_ hub: LocalServer, _ home: URL) -> [String: String] {
        ["HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "", "HF_HOME": home.path]
    }

    @Test func aNameIsFetchedOnce() throws {
        let hub = try self.hub()
        let local = try SmallModel()
        let home = local.folder
        let settings = self.settings(hub, home)
        let expected = try Program.attend(["embed", "--model", home.path, "a"])
        let first = try Program.attend(
            ["embed", "--model", "o/small", "a"], environment: settings)
        #expect(first.code == 0, "\(first.errors)")
        #expect(first.errors.contains("fetching o/small from \(hub.address)"))
        #expect(first.output == expected.output)
        let count = hub.requests.count
        let second = try Program.attend(
            ["embed", "--model", "o/small", "a"], environment: settings)
        #expect(second.output == first.output && second.errors == "")
        #expect(hub.requests.count == count)
        let fetched = try Program.attend(["fetch", "o/small"], environment: settings)
        #expect(fetched.text == "\(home.path)/hub/models--o--small/snapshots/\(Self.commit)\n")
        #expect(fetched.errors == "")
    }

    @Test func whatCannotBeFetchedSaysWhy() throws {
        let hub = try self.hub()
        let model = try SmallModel()
        let settings = self.settings(hub, model.folder)
        expectFailure(
            try Program.attend(["embed", "--model", "o/absent", "a"], environment: settings), 66,
            naming: "'o/absent'", hub.address, "Looked for in")
        expectFailure(
            try Program.attend(["fetch", "o/absent"], environment: settings), 66, naming: "'o/absent'")
        expectFailure(try Program.attend(["fetch", "o/small"]), 69, naming: "HF_HUB_OFFLINE")
        expectFailure(try Program.attend(["fetch", "../x"], environment: settings), 64, naming: "'../x'")
        expectFailure(
            try Program.attend(["fetch", "a/b"], environment: settings.merging(["HF_ENDPOINT": "x"]) { $1 }),
            78,
            naming: "HF_ENDPOINT")
        expectFailure(
            try Program.attend(
                ["tokenize", "--model", "a/b", "x"],
                environment: settings.merging(["HF_ENDPOINT": "http://127.0.0.1:1"]) { $1 }), 69,
            naming: "127.0.0.1")
    }

    @Test func itsHelp() throws {
        let outcome = try Program.attend(["fetch", "--help"])
        #expect(outcome.code == 0)
        #expect(outcome.lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE:") })
    }
}
