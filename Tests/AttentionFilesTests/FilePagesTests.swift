import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A mapped file's weights move to large pages while a decoder uses them, without a change of their values.
@Suite struct FilePagesTests {
    private let folder: TemporaryFolder
    private let bytes: [UInt8]
    private let path: String

    /// A matrix `[2561, 1024]` in float16, a little over 5 MiB, that begins and ends in the middle of a large
    /// page.
    init() throws {
        var random = SeededGenerator(seed: 11)
        // Between ±2⁻⁷ and ±2⁷.
        bytes = (0..<2561 * 1024).flatMap { _ -> [UInt8] in
            let bits = UInt16.random(in: 0x2000..<0x5800, using: &random)
            return [UInt8(bits & 255), UInt8(bits >> 8 | (Bool.random(using: &random) ? 128 : 0))]
        }
        folder = try TemporaryFolder()
        path = folder.path + "/model.safetensors"
        let weight = try StoredTensor(
            name: "weight", elementType: .float16, shape: [2561, 1024], bytes: bytes)
        let first = try StoredTensor(
            name: "first", elementType: .float16, shape: [100_001],
            bytes: [UInt8](repeating: 7, count: 200_002))
        try SafetensorsWriter.write([first, weight], to: path)
    }

    @Test func productsKeepTheirBits() async throws {
        let stored = try #require(try SafetensorsFile(path: path).storedTensor(named: "weight"))
        let mapped = try Linear(weight: stored)
        let copied = try Linear(
            weight: StoredTensor(name: "copy", elementType: .float16, shape: [2561, 1024], bytes: bytes))
        let x = Tensor(shape: [1, 1024]) { numbers in
            for index in numbers.indices {
                numbers.initializeElement(at: index, to: Float(index % 37) / 37 - 0.4)
            }
        }
        let expected = try copied(x).scalars
        // The pages change while other tasks read them.
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try (0..<12).allSatisfy { _ in try mapped(x).scalars == expected }
                }
            }
            for try await isSame in group { #expect(isSame) }
        }
        #expect(stored.withUnsafeBytes { $0.elementsEqual(bytes) })
        #if os(Linux)
            if Self.hasLargePages { #expect(try Self.isOfFile(stored) == false) }
        #endif
        // Who lays the tensor out anew lets go of the file's pages; a large page has no file to come back
        // from.
        stored.releasePages()
        #expect(stored.withUnsafeBytes { $0.elementsEqual(bytes) })
        #expect(try mapped(x).scalars == expected)
    }

    /// A single step, as for one token, leaves the weights in the file's pages.
    @Test func aFewStepsStayInTheFile() throws {
        let stored = try #require(try SafetensorsFile(path: path).storedTensor(named: "weight"))
        let mapped = try Linear(weight: stored)
        for _ in 0..<3 { _ = try mapped(Tensor.zeros([2, 1024])) }
        for _ in 0..<9 { _ = try mapped(Tensor.zeros([9, 1024])) }
        #if os(Linux)
            #expect(try Self.isOfFile(stored))
        #endif
    }

    private static var hasLargePages: Bool {
        let path = "/sys/kernel/mm/transparent_hugepage/enabled"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? "[never]"
        return !text.contains("[never]")
            && ProcessInfo.processInfo.environment["ATTENTION_LARGE_PAGES"] != "0"
    }

    /// Whether the file's mapping still lies in the middle of a tensor.
    private static func isOfFile(_ tensor: StoredTensor) throws -> Bool {
        try tensor.withUnsafeBytes { try isOfFile(UInt(bitPattern: $0.baseAddress!) + 3 << 20) }
    }

    private static func isOfFile(_ address: UInt) throws -> Bool {
        // Such a file comes in portions of a page, and Foundation's readers take the first for all.
        let maps = try #require(fopen("/proc/self/maps", "r"))
        defer { fclose(maps) }
        var line = [CChar](repeating: 0, count: 8192)
        while fgets(&line, Int32(line.count), maps) != nil {
            let text = line.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
            let ends = text.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, (ends[0]..<ends[1]).contains(address) else { continue }
            return text.contains("/model.safetensors")
        }
        throw NothingLies(at: address)
    }

    /// An address that no mapping holds.
    private struct NothingLies: Error { let at: UInt }
}
