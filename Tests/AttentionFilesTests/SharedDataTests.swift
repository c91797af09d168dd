import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Files that other programs wrote. They are not part of the repository.
@Suite struct SharedDataTests {
    static let data: String? = {
        let manager = FileManager.default
        if let path = ProcessInfo.processInfo.environment["ATTENTION_TEST_DATA"] {
            return manager.fileExists(atPath: path) ? path : nil
        }
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let candidate = folder.appendingPathComponent("shared/data").path
            if manager.fileExists(atPath: candidate) { return candidate }
        }
        return nil
    }()

    @Test(.enabled(if: data != nil, "the shared test data is not here"))
    func filesOfOtherProgramsLoadAndAreWrittenBackUnchanged() throws {
        let data = try #require(Self.data)
        let copies = try TemporaryFolder()
        var count = 0
        for case let name as String in try #require(FileManager.default.enumerator(atPath: data))
        where name.hasSuffix(".safetensors") {
            let file = try SafetensorsFile(path: "\(data)/\(name)")
            let tensors = try file.tensorNames.map { try #require(try file.storedTensor(named: $0)) }
            let copyPath = "\(copies.path)/\(count).safetensors"
            try SafetensorsWriter.write(tensors.reversed(), metadata: file.metadata, to: copyPath)
            let copy = try SafetensorsFile(path: copyPath)
            #expect(copy.metadata == file.metadata && copy.entries.count == tensors.count, "\(name)")
            for tensor in tensors {
                let read = try #require(try copy.storedTensor(named: tensor.name))
                #expect(read.shape == tensor.shape && read.elementType == tensor.elementType, "\(name)")
                #expect(
                    read.withUnsafeBytes { Array($0) } == tensor.withUnsafeBytes { Array($0) },
                    "\(name): \(tensor.name)")
            }
            count += 1
        }
        #expect(count > 10)
    }
}
