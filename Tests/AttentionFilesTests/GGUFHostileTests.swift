import AttentionFiles
import Foundation
import TestSupport
import Testing

/// Broken and hostile files end in a typed error that says what is wrong, and allocate nothing for it.
@Suite struct GGUFHostileTests {
    private typealias Tensor = GGUFBytes.Tensor

    private func expect(
        _ problem: GGUFError.Problem, _ name: String?, _ bytes: GGUFBytes,
        location: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: GGUFError.self, sourceLocation: location) {
            try GGUFFile(content: bytes.bytes, label: "bad.gguf")
        }
        #expect(error?.problem == problem, "\(error.map { "\($0)" } ?? "-")", sourceLocation: location)
        #expect(error?.name == name && error?.file == "bad.gguf", sourceLocation: location)
    }

    private func changed(_ change: (inout GGUFBytes) -> Void) -> GGUFBytes {
        var bytes = GGUFBytes([("k", .uint32(1))], tensors: [Tensor("t", [8])], data: 32)
        change(&bytes)
        return bytes
    }

    @Test func theStart() throws {
        _ = try GGUFFile(content: changed { _ in }.bytes, label: "good.gguf")
        expect(.magic, nil, changed { $0.magic = Array("GGML".utf8) })
        for version in [UInt32(0), 1, 4, 0x0300_0000] {
            expect(.version, nil, changed { $0.version = version })
        }
        for count in [3, 1 << 32, 1 << 63, .max] as [UInt64] {
            expect(
                .truncated, nil,
                changed {
                    $0.valueCount = count
                    $0.tensors = []
                    $0.data = []
                })
        }
        for count in [1 << 32, 1 << 63, .max] as [UInt64] {
            expect(.truncated, nil, changed { $0.tensorCount = count })
        }
    }

    @Test func everyTruncation() {
        let whole = GGUFBytes(
            [("k", .strings(["a", "b"])), ("x", .string("y"))], tensors: [Tensor("t", [8])], data: 32
        ).bytes
        for count in 0..<whole.count {
            let error = #expect(throws: GGUFError.self, "\(count)") {
                try GGUFFile(content: Array(whole[..<count]), label: "cut.gguf")
            }
            #expect(error?.offset.map { $0 <= count } == true)
        }
        #expect(throws: ModelFileError.self) { try GGUFFile(path: "/nowhere/x.gguf") }
    }

    /// A small file whose header claims large contents (ollama #17042).
    @Test func hugeTextsAndArrays() {
        for length in [1 << 40, 1 << 63, .max, .max - 7] as [UInt64] {
            let text = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
            expect(.truncated, "s", changed { $0.values += [("s", .init(type: 8, bytes: text))] })
            for type in [UInt8(0), 8, 10] {
                let array = [type, 0, 0, 0] + text
                expect(.truncated, "s", changed { $0.values += [("s", .init(type: 9, bytes: array))] })
            }
        }
    }

    @Test func typesOfValues() {
        for type in [UInt32(13), 255, .max] {
            expect(.valueType, "s", changed { $0.values += [("s", .init(type: type, bytes: [0]))] })
        }
        expect(.value, "s", changed { $0.values += [("s", .init(type: 7, bytes: [2]))] })
        let nested: [UInt8] = [9, 0, 0, 0] + [UInt8](repeating: 0, count: 12)
        expect(.valueType, "s", changed { $0.values += [("s", .init(type: 9, bytes: nested))] })
        let latin: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 0xE4]
        expect(.encoding, "s", changed { $0.values += [("s", .init(type: 8, bytes: latin))] })
    }

    @Test func namesThatStandTwice() {
        expect(.duplicateName, "k", changed { $0.values += [("k", .uint32(1))] })
        expect(
            .duplicateName, "t",
            changed {
                $0.tensors += [Tensor("t", [8], offset: 32)]
                $0.data += $0.data
            })
    }

    /// llama.cpp PR #24997, #26318.
    @Test func alignments() {
        let key = "general.alignment"
        for value in [UInt32(0), 3, 33, 0x8000_0000, .max] {
            expect(.value, key, changed { $0.values += [(key, .uint32(value))] })
        }
        for value in [GGUFBytes.Value.int32(32), .uint64(32), .string("32")] {
            expect(.valueType, key, changed { $0.values += [(key, value)] })
        }
        expect(.offset, "t", changed { $0.tensors[0].offset = 4 })
    }

    /// llama.cpp PR #18674; CVE-2025-53630 and CVE-2026-27940.
    @Test func extents() {
        for extents in [
            [1 << 63], [.max], [.max, 2], [1 << 32, 1 << 32], [(1 << 42) + 1, 1 << 22], [1 << 62, 2, 2],
            [0, 1 << 62, 1 << 62], [1 << 61, 1], [(1 << 61) - 1, 4],
        ] as [[UInt64]] {
            let error = #expect(throws: GGUFError.self) {
                try GGUFFile(content: changed { $0.tensors[0].extents = extents }.bytes, label: "bad.gguf")
            }
            #expect(error?.problem == .shape || error?.problem == .truncated, "\(extents)")
        }
        expect(.shape, "t", changed { $0.tensors[0].extents = [1, 1, 1, 1, 1] })
        expect(
            .shape, "t",
            changed {
                $0.tensors[0].extents = []
                $0.tensors[0].type = 8
            })
        expect(
            .shape, "t",
            changed {
                $0.tensors[0].extents = [33]
                $0.tensors[0].type = 8
            })
    }

    /// Ollama CVE-2026-7482.
    @Test func placesBeyondTheEnd() {
        for offset in [32, 1 << 40, 1 << 63, .max - 31] as [UInt64] {
            expect(.truncated, "t", changed { $0.tensors[0].offset = offset })
        }
        expect(.truncated, "t", changed { $0.tensors[0].extents = [9] })
        expect(.truncated, "t", changed { $0.data = [] })
        expect(.overlap, "u", changed { $0.tensors += [Tensor("u", [1])] })
    }

    @Test func damagedFilesNeverCrash() {
        let start = Date()
        let seconds = ProcessInfo.processInfo.environment["ATTENTION_FUZZ_SECONDS"].flatMap(Double.init) ?? 0
        let whole = GGUFBytes(
            [
                ("general.alignment", .uint32(32)), ("a", .strings(["x", "yz", ""])), ("b", .floats([1, 2])),
                ("c", .string("text")), ("d", .bool(true)), ("e", .integers([1, 2, 3])),
            ],
            tensors: [Tensor("t", [32, 2], type: 8), Tensor("u", [2, 2], offset: 96)], data: 112
        ).bytes
        var seed: UInt64 = 1
        var loaded = 0
        repeat {
            for _ in 0..<4000 {
                var random = SeededRandom(seed: seed)
                seed += 1
                if isConsistent(damaged(whole, using: &random)) { loaded += 1 }
            }
        } while Date().timeIntervalSince(start) < seconds
        #expect(loaded > 100 && loaded < seed)
        if seconds > 0 { print("fuzz: \(seed - 1) files, of which \(loaded) loaded") }
    }

    private func damaged(_ bytes: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = .random(in: 0...255, using: &random)
            case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random)!
            case 3: bytes.remove(at: place)
            case 4: bytes.insert(.random(in: 0...12, using: &random), at: place)
            default:
                let end = min(bytes.count, place + 8)
                bytes.replaceSubrange(place..<end, with: repeatElement(0xFF, count: end - place))
            }
        }
        return bytes
    }

    private func isConsistent(_ bytes: [UInt8]) -> Bool {
        guard let file = try? GGUFFile(content: bytes, label: "damaged") else { return false }
        for key in file.keys {
            _ = file.metadata[key]?.integer
            _ = try? file.strings(key)
            _ = try? file.integers(key)
            _ = try? file.floats(key)
        }
        for entry in file.entries { #expect(entry.byteRange.upperBound <= bytes.count) }
        return true
    }
}
