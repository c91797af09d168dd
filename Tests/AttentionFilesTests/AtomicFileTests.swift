import AttentionFiles
import Foundation
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    private struct Failure: Error {}

    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/file"
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }

    private func content() throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }

    private func append(_ text: String, _ append: (UnsafeRawBufferPointer) throws -> Void) throws {
        try Array(text.utf8).withUnsafeBytes { try append($0) }
    }

    @Test func thePathLeadsToTheOldContentUntilTheNewOneIsWhole() throws {
        for text in ["first", "second", ""] {
            let before = (try? content(), try names)
            try AtomicFile.replace(path) { appendBytes in
                try append(text, appendBytes)
                let now = try? content()
                #expect(now == before.0)
                // Whatever ends the program here leaves nothing behind.
                #if os(Linux)
                    #expect(try names == before.1)
                #endif
            }
            #expect(try content() == text)
            #expect(try names == ["file"])
        }
    }

    @Test func aFailureLeavesTheOldContent() throws {
        func fail() throws {
            try AtomicFile.replace(path) { appendBytes in
                try append("part", appendBytes)
                throw Failure()
            }
        }
        #expect(throws: Failure.self) { try fail() }
        #expect(try names.isEmpty)
        try folder.write("old", to: "file")
        #expect(throws: Failure.self) { try fail() }
        #expect(try content() == "old" && names == ["file"])
    }

    /// The path for systems that have no files without a name.
    @Test func filesWithAHiddenName() throws {
        try folder.write("old", to: "file")
        do {
            let file = try TemporaryFile(for: path, isNamed: true)
            #expect(try names.count == 2)
            #expect(write(file.descriptor, "new", 3) == 3)
            try file.become(path)
        }
        #expect(try content() == "new" && names == ["file"])
        do { _ = try TemporaryFile(for: path, isNamed: true) }
        #expect(try names == ["file"])
    }

    @Test func aSignalRemovesFilesWithAHiddenName() throws {
        let file = try TemporaryFile(for: path, isNamed: true)
        #expect(try names.count == 1)
        TemporaryFile.removeAll()
        #expect(try names.isEmpty)
        #expect(throws: ModelFileError.self) { try file.become(path) }
    }

    /// The longest name that file systems allow, so that a temporary name cannot be longer.
    @Test(arguments: [("n", 255), ("é", 127), ("😀", 63), ("👩‍👩‍👧‍👦", 10)])
    func longNames(_ character: String, count: Int) throws {
        let path = "\(folder.path)/" + String(repeating: character, count: count)
        for text in ["first", "second"] { try AtomicFile.replace(path) { try append(text, $0) } }
        #expect(try names.count == 1)
        do { _ = try TemporaryFile(for: path, isNamed: true) }
        #expect(try names.count == 1)
    }

    @Test func anErrorNamesItsCause() throws {
        let error = #expect(throws: ModelFileError.self) {
            _ = try TemporaryFile(for: "\(folder.path)/absent/file", isNamed: true)
        }
        #expect(error.map { "\($0)" }?.contains("there is no folder") == true)
    }
}
