import AttentionFiles
import AttentionTensors
import Foundation
import Testing

/// Sound files, damaged at random: each must load as something consistent or be refused, and never crash.
///
/// `ATTENTION_FUZZ_SECONDS` lets it run for longer, with other seeds.
@Suite struct SafetensorsFuzzTests {
    private static let seconds = ProcessInfo.processInfo.environment["ATTENTION_FUZZ_SECONDS"].flatMap(
        Double.init)

    private static let header =
        #"{"__metadata__":{"format":"pt","n\u00e9":"\ud83d\ude00"},"a.weight":{"dtype":"F32","shape":[2,3],"#
        + #""data_offsets":[0,24]},"a.bias":{"dtype":"F16","shape":[3],"data_offsets":[24,30]},"#
        + #""empty":{"dtype":"I64","shape":[0,4],"data_offsets":[30,30]},"#
        + #""scalar":{"dtype":"BOOL","shape":[],"data_offsets":[30,31]}}    "#

    /// Pieces of text that the reader is likely to accept.
    private static let pieces = [
        "0", "-1", "9", "1e9", "18446744073709551615", "9223372036854775807", "4611686018427387904", "[", "]",
        "{",
        "}", ",", ":", "\"", "\\", "\\u", "\\ud800", "null", "true", "[]", "{}", "F64", "F8_E4M3",
        "__metadata__",
        "dtype", "shape", "data_offsets", "\u{FEFF}", "\0", " ",
    ].map { Array($0.utf8) }

    @Test func damagedFilesNeverCrash() throws {
        let start = Date()
        var seed: UInt64 = 1
        var loaded = 0
        repeat {
            for _ in 0..<4000 {
                var random = SeededRandom(seed: seed)
                let file = damaged(safetensors(Self.header, data: 31), using: &random)
                if try isConsistent(file, seed: seed) { loaded += 1 }
                seed += 1
            }
        } while Date().timeIntervalSince(start) < Self.seconds ?? 0
        // If nothing loads any more, the damage is too coarse to test anything behind the first check.
        #expect(loaded > 100 && loaded < seed)
        if Self.seconds != nil { print("fuzz: \(seed - 1) files, of which \(loaded) loaded") }
    }

    private func damaged(_ bytes: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 0...4, using: &random))
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = .random(in: 0...255, using: &random)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4: bytes.replaceSubrange(place..<end, with: Self.pieces.randomElement(using: &random)!)
            case 5: bytes[place] = UInt8(ascii: "0") + .random(in: 0..<10, using: &random)
            default: bytes.removeSubrange(place...)
            }
            if bytes.isEmpty { return [0] }
        }
        // Half of the files get a length that fits again, so that what lies behind it is reached.
        if bytes.count > 39, Bool.random(using: &random) {
            return safetensors(Array(bytes[8..<bytes.count - 31])) + bytes.suffix(31)
        }
        return bytes
    }

    /// Whether the file loads; if so, its tensors must be where its size allows and fill it.
    private func isConsistent(_ bytes: [UInt8], seed: UInt64) throws -> Bool {
        let file: SafetensorsFile
        do {
            file = try SafetensorsFile(content: bytes, label: "damaged")
        } catch {
            #expect(error is SafetensorsError, "seed \(seed): \(error)")
            #expect(String(describing: error).hasPrefix("damaged"), "seed \(seed)")
            return false
        }
        var covered = 0
        for entry in file.entries {
            #expect(entry.byteRange.upperBound <= bytes.count, "seed \(seed)")
            let stored = try #require(try file.storedTensor(named: entry.name))
            let read = stored.withUnsafeBytes { Array($0) }
            #expect(read == Array(bytes[entry.byteRange]), "seed \(seed)")
            covered += read.count
            if entry.elementType == .float32 || entry.elementType == .float16 {
                #expect(try stored.float32().shape == entry.shape, "seed \(seed)")
            }
        }
        let headerLength = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(covered == bytes.count - 8 - headerLength, "seed \(seed)")
        return true
    }
}
