import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Broken and hostile files of language models' tokenizers end in a typed error.
@Suite struct HostileLanguageTests {
    private func load(_ model: String, _ sections: [String: String] = [:]) throws -> Tokenizer {
        let rest = sections.map { ",\"\($0.key)\":\($0.value)" }.joined()
        return try Tokenizer(json: Array("{\"model\":\(model)\(rest)}".utf8), name: "t.json")
    }

    private func field(_ model: String, _ sections: [String: String] = [:]) -> String? {
        let error = #expect(throws: TokenizerError.self) { try load(model, sections) }
        switch error {
        case .invalidValue("t.json", let field, _), .missingField("t.json", let field),
            .wrongType("t.json", let field, _, _), .unknownToken("t.json", let field, _),
            .unsupported("t.json", let field, _, _):
            return field
        default: return nil
        }
    }

    private func pairs(_ merges: String, _ more: String = "") -> String {
        #"{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":\#(merges)\#(more)}"#
    }

    @Test func bytePairs() throws {
        #expect(try load(pairs(#"["a b"]"#)).encode("abz").ids == [2])
        #expect(try load(pairs(#"[["a","b"]]"#, #","unk_token":"b""#)).encode("abz").ids == [2, 1])
        for merges in [#"["ab"]"#, #"["a b c"]"#, #"["a  b"]"#, #"[["a"]]"#, #"[["a","b","c"]]"#] {
            #expect(field(pairs(merges)) == "model.merges[0]", "\(merges)")
        }
        for merges in [#"["a c"]"#, #"["c a"]"#, #"["b a"]"#, #"[["","b"]]"#] {
            #expect(field(pairs(merges)) == "model.merges[0]", "\(merges)")
        }
        #expect(field(pairs("{}")) == "model.merges" && field(pairs("[5]")) == "model.merges[0]")
        #expect(field(pairs("[]", #","dropout":0.1"#)) == "model.dropout")
        #expect(field(pairs("[]", #","fuse_unk":1"#)) == "model.fuse_unk")
        #expect(field(#"{"type":"BPE","merges":[]}"#) == "model.vocab")
    }

    @Test func unigram() throws {
        func model(_ vocabulary: String, _ unknown: String = "0") -> String {
            #"{"type":"Unigram","unk_id":\#(unknown),"vocab":\#(vocabulary)}"#
        }
        let sound = try load(model(#"[["<unk>",0],["a",-1],["b",-2]]"#))
        #expect(try sound.encode("abz").ids == [1, 2, 0] && sound.encode("abz").tokens == ["a", "b", "z"])
        #expect(
            field(model(#"[["a"]]"#)) == "model.vocab[0]"
                && field(model(#"[["a",true]]"#)) == "model.vocab[0]")
        #expect(field(model(#"[[1,1]]"#)) == "model.vocab[0][0]")
        #expect(throws: TokenizerError.self) { try load(model(#"[["a",1e999]]"#)) }
        for id in ["1", "-1", "2147483648", "0.5"] {
            #expect(field(model(#"[["a",1]]"#, id)) == "model.unk_id")
        }
        #expect(throws: TokenizerError.unknownText("z")) {
            try load(model(#"[["a",-1]]"#, "null")).encode("az")
        }
        #expect(try load(model("[]", "null")).encode("").ids.isEmpty)
    }

    @Test func stages() {
        let model = pairs("[]")
        for (section, text, at) in [
            ("pre_tokenizer", #"{"type":"Split","behavior":"Isolated"}"#, "pattern"),
            ("pre_tokenizer", #"{"type":"Split","behavior":"Isolated","pattern":{}}"#, "pattern.Regex"),
            (
                "pre_tokenizer", #"{"type":"Split","behavior":"Isolated","pattern":{"Regex":"(a"}}"#,
                "pattern.Regex"
            ),
            ("pre_tokenizer", #"{"type":"Split","behavior":"Upwards","pattern":{"String":"a"}}"#, "behavior"),
            ("pre_tokenizer", #"{"type":"Metaspace","replacement":"ab"}"#, "replacement"),
            (
                "pre_tokenizer", #"{"type":"Metaspace","replacement":"_","prepend_scheme":"often"}"#,
                "prepend_scheme"
            ),
            ("normalizer", #"{"type":"Precompiled","precompiled_charsmap":"*"}"#, "precompiled_charsmap"),
            ("normalizer", #"{"type":"Precompiled","precompiled_charsmap":"AAAA"}"#, "precompiled_charsmap"),
            (
                "normalizer", #"{"type":"Precompiled","precompiled_charsmap":"//8AAAAAAAA="}"#,
                "precompiled_charsmap"
            ),
            ("normalizer", #"{"type":"Replace","pattern":{"Regex":"a{2,1}"},"content":""}"#, "pattern.Regex"),
            ("decoder", #"{"type":"Strip","content":"","start":1,"stop":0}"#, "content"),
            ("decoder", #"{"type":"Strip","content":"a","start":-1,"stop":0}"#, "start"),
            ("decoder", #"{"type":"Replace","pattern":{"Regex":"a"},"content":""}"#, "pattern"),
        ] { #expect(field(model, [section: text]) == "\(section).\(at)", "\(text)") }
    }

    @Test func aCostlyPatternIsStopped() throws {
        let split =
            #"{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":"(?=(?:a|b)*c)a|a"}}"#
        let tokenizer = try load(pairs("[]"), ["pre_tokenizer": split])
        let text = String(repeating: "a", count: 100_000)
        let time = try ContinuousClock().measure {
            do throws(TokenizerError) {
                _ = try tokenizer.encode(text + "c")
            } catch {
                guard case .patternTooCostly = error else { throw error }
            }
        }
        #expect(time < .limit(seconds: 20))
    }

    // MARK: Damage

    private static let seconds =
        ProcessInfo.processInfo.environment["ATTENTION_FUZZ_SECONDS"].flatMap(Double.init) ?? 0

    /// Damages a file many times. A damaged file that loads must still tokenize.
    private func fuzz(_ whole: [UInt8], seed: UInt64, rounds: Int, _ load: ([UInt8]) throws -> Tokenizer)
        throws
    {
        let start = Date()
        var random = SplitMix(state: seed)
        var loaded = 0
        var files = 0
        repeat {
            for _ in 0..<rounds {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<6, using: &random) {
                    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    case 1: bytes[place] = .random(in: 0...255, using: &random)
                    case 2: bytes.remove(at: place)
                    case 3: bytes.insert(bytes.randomElement(using: &random) ?? 0, at: place)
                    case 4: bytes[place] = UInt8(ascii: "0") + .random(in: 0..<10, using: &random)
                    default: bytes[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
                    }
                }
                files += 1
                do {
                    let tokenizer = try load(bytes)
                    loaded += 1
                    let encoding = try tokenizer.encode(
                        "Hello <mask> wörld 中 12\n's", pair: "a", maxLength: 9)
                    _ = tokenizer.decode(encoding.ids)
                    var stream = tokenizer.streamDecoder()
                    for id in encoding.ids + [0, 300, -1] { _ = stream.append(id) }
                    _ = stream.finish()
                } catch {
                    #expect(error is TokenizerError, "\(error)")
                }
            }
        } while Date().timeIntervalSince(start) < Self.seconds
        #expect(loaded > 0 && loaded < files)
        if Self.seconds > 0 { print("fuzz: \(files) files, of which \(loaded) loaded") }
    }

    @Test(arguments: ["GPT-2", "Llama 3", "behaviours", "Llama 2", "fused", "T5", "CLIP"])
    func damagedTokenizerFiles(name: String) throws {
        let fixture = try #require(LanguageFixture.shared)
        let test = try #require(fixture.tokenizers.first { $0.name == name })
        try fuzz(fixture.json(of: test), seed: 5, rounds: 60) { try Tokenizer(json: $0, name: "damaged") }
    }

    @Test(arguments: ["llama", "bpe", "unigram", "unigram with bytes"])
    func damagedSentencePieceFiles(name: String) throws {
        let test = try #require(LanguageFixture.shared?.pieces.first { $0.name == name })
        let folder = try textFolder([:])
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("tokenizer.model")
        try fuzz(Array(test.model), seed: 6, rounds: 150) { bytes in
            try Data(bytes).write(to: file)
            return try Tokenizer(path: file.path)
        }
        for count in stride(from: 0, to: test.model.count, by: 97) {
            try test.model.prefix(count).write(to: file)
            // A cut between two fields leaves fewer pieces.
            _ = try? Tokenizer(path: file.path)
        }
    }

    @Test func sentencePieceFiles() throws {
        let folder = try textFolder([:])
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("tokenizer.model")
        func error(_ bytes: [UInt8]) throws -> TokenizerError? {
            try Data(bytes).write(to: file)
            return #expect(throws: TokenizerError.self) { try Tokenizer(path: file.path) }
        }
        let piece: [UInt8] = [0x0A, 0x03, 0x0A, 0x01, 0x61]
        for (bytes, offset) in [
            ([], 0), ([0x0A, 0x7F], 0),
            ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], 0),
            ([0x80], 0), ([UInt8](repeating: 0xFF, count: 11), 0), ([0x0F], 0), ([0x00], 0),
            ([0x0A, 0x02, 0x15, 0x00], 3),
            (piece + [0x0A, 0x03, 0x0A, 0x01, 0xFF], 9), (piece + [0x0A, 0x02, 0x18, 0x07], 7),
            (piece + [0x0A, 0x05, 0x15, 0x00, 0x00, 0x80, 0x7F], 7), ([0x12, 0x00], 0),
        ] as [([UInt8], Int)] {
            guard case .invalidData(file.path, offset, _) = try error(bytes) else {
                Issue.record("\(bytes): \(try error(bytes).map { "\($0)" } ?? "-")")
                continue
            }
        }
        // The model's type, white space as a suffix, and spaces that are not escaped.
        for settings in [
            [0x12, 0x02, 0x18, 0x03], [0x12, 0x03, 0xC0, 0x01, 0x01], [0x1A, 0x02, 0x28, 0x00],
        ] as [[UInt8]] {
            guard case .unsupported = try error(piece + settings) else {
                Issue.record("\(settings)")
                continue
            }
        }
    }
}
