import Foundation
import TestSupport
import Testing

/// Files that commands write: the whole new one, or the old one.
struct OutputFileTests {
    private let model: SmallModel
    private let file: URL

    init() throws {
        model = try SmallModel()
        file = model.folder.appendingPathComponent("picture.svg")
    }

    private func look(_ path: String? = nil) throws -> Program.Outcome {
        try Program.attend(["look", "--model", model.folder.path, "the bank", "--svg", path ?? file.path])
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: model.folder.path).sorted() }
    }

    /// As on a disk that is full: the shell allows no file of more than 512 or 1024 bytes.
    @Test func aFullDiskLosesNothing() throws {
        let line = #"ulimit -f 1; "$ATTEND" look --model . "the bank" --svg picture.svg"#
        let before = try names
        expectFailure(try Program.shell(line, in: model.folder), 74, naming: "picture.svg")
        #expect(try names == before)
        try Data("old".utf8).write(to: file)
        expectFailure(try Program.shell(line, in: model.folder), 74, naming: "picture.svg", "as it was")
        #expect(try Data(contentsOf: file) == Data("old".utf8))
        #expect(try names == before + ["picture.svg"] || Set(try names) == Set(before + ["picture.svg"]))
    }

    @Test func anOldFileKeepsItsPermissionsAndItsLinks() throws {
        try Data("old".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
        let link = model.folder.appendingPathComponent("link.svg")
        try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "picture.svg")
        #expect(try look(link.path).code == 0)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "picture.svg")
        #expect(String(decoding: try Data(contentsOf: file), as: UTF8.self).hasPrefix("<svg"))
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o640)
        #expect(try !names.contains { $0.hasSuffix(".tmp") })
    }

    @Test func pipesAndDevicesAreWrittenTo() throws {
        #expect(try look("/dev/null").code == 0)
        let line = #"mkfifo pipe; "$ATTEND" look --model . "the bank" --svg pipe & cat pipe; wait"#
        let outcome = try Program.shell(line, in: model.folder)
        #expect(outcome.text.hasPrefix("<svg") && outcome.text.hasSuffix("</svg>\n"), "\(outcome.errors)")
    }

    @Test func placesThatCannotBeWrittenTo() throws {
        expectFailure(try look("\(file.path)/x.svg"), 73, naming: "x.svg", "no folder")
        expectFailure(try look(model.folder.path), 73, naming: model.folder.path, "is a folder")
    }

    @Test(.enabled(if: getuid() != 0, "root may write everywhere"))
    func aFileThatMayNotBeWrittenTo() throws {
        try Data("old".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: file.path)
        expectFailure(try look(), 73, naming: file.path, "Permission denied")
        #expect(try Data(contentsOf: file) == Data("old".utf8))
    }
}
