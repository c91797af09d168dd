import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Files that other programs wrote: the stored references of all tests, and the published data where it is.
@Suite struct WrittenElsewhereTests {
    @Test func filesLoadAndAreWrittenBackUnchanged() throws {
        let tests = Locations.repository.appendingPathComponent("Tests").path
        let copies = try TemporaryFolder()
        var count = 0
        for folder in [tests] + (Locations.data.map { [$0.path] } ?? []) {
            for case let name as String in try #require(FileManager.default.enumerator(atPath: folder))
            where name.hasSuffix(".safetensors") {
                let copy = "\(copies.path)/\(count).safetensors"
                try writeBack("\(folder)/\(name)", to: copy)
                count += 1
            }
        }
        #expect(count > 10)
    }

    private func writeBack(_ path: String, to copyPath: String) throws {
        let file = try SafetensorsFile(path: path)
        let tensors = try file.tensorNames.map { try #require(try file.storedTensor(named: $0)) }
        try SafetensorsWriter.write(tensors.reversed(), metadata: file.metadata, to: copyPath)
        let copy = try SafetensorsFile(path: copyPath)
        #expect(copy.metadata == file.metadata && copy.entries.count == tensors.count, "\(path)")
        for tensor in tensors {
            let read = try #require(try copy.storedTensor(named: tensor.name))
            #expect(read.shape == tensor.shape && read.elementType == tensor.elementType, "\(path)")
            #expect(
                read.withUnsafeBytes { Array($0) } == tensor.withUnsafeBytes { Array($0) },
                "\(path): \(tensor.name)")
        }
    }
}
