import AttentionFiles
import AttentionGeneration
import AttentionModels
import AttentionTasks
import AttentionTensors
import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// A folder's settings of pooling, normalisation and length are followed, or refused by name.
struct SentenceConfigurationTests {
    private let model: SmallModel

    init() throws { model = try SmallModel() }

    private func embedder() throws -> TextEmbedder {
        try TextEmbedder(path: model.folder.path)
    }

    @Test func aPlainEncoderIsPooledByItsMean() throws {
        let embedder = try embedder()
        #expect(embedder.maximumLength == 40)
        #expect(embedder.width == 24 && embedder.notes.isEmpty)
        let (ids, hidden) = try storedSequence()
        let expected = try Pooling.mean(hidden, ranges: [0..<ids.count]).scalars
        let found = try embedder.embed(tokens: [ids])[0]
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 })
    }

    /// Every pooling, computed here from the stored hidden states in the plainest way.
    @Test(arguments: [
        ("cls_token", Pooling.firstToken), ("mean_tokens", .mean), ("max_tokens", .max),
        ("mean_sqrt_len_tokens", .meanSquareRootLength), ("lasttoken", .lastToken),
        ("weightedmean_tokens", .weightedMean),
    ])
    func poolsAsTheFolderSays(_ mode: String, pooling: Pooling) throws {
        try model.describeSentences(
            steps: ["Transformer", "Pooling"], pooling: #"{"pooling_mode_\#(mode)": true}"#)
        let embedder = try embedder()
        let (ids, hidden) = try storedSequence()
        let rows = (0..<ids.count).map { hidden.selecting(axis: 0, $0).scalars }
        let expected = (0..<embedder.width).map { channel -> Float in
            let column = rows.map { $0[channel] }
            return switch pooling {
            case .firstToken: column[0]
            case .lastToken: column[column.count - 1]
            case .max: column.max() ?? 0
            case .mean: column.reduce(0, +) / Float(column.count)
            case .meanSquareRootLength: column.reduce(0, +) / Float(column.count).squareRoot()
            case .weightedMean:
                column.enumerated().reduce(0) { $0 + Float($1.offset + 1) * $1.element }
                    / Float(column.count * (column.count + 1) / 2)
            }
        }
        let found = try embedder.embed(tokens: [ids])[0]
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 })
    }

    /// Two poolings stand side by side, for each of several texts.
    @Test func poolingsSideBySide() throws {
        let texts = [[2, 7, 8, 3], [2, 9, 3], [2, 10, 5, 6, 3]]
        func vectors(_ modes: String...) throws -> [[Float]] {
            let settings = modes.map { #""pooling_mode_\#($0)": true"# }.joined(separator: ", ")
            try model.describeSentences(steps: ["Transformer", "Pooling"], pooling: "{\(settings)}")
            return try embedder().embed(tokens: texts)
        }
        let (first, greatest) = (try vectors("cls_token"), try vectors("max_tokens"))
        let both = try vectors("cls_token", "max_tokens")
        #expect(both == zip(first, greatest).map { $0 + $1 })
    }

    @Test func normalizesIfAStepSaysSo() throws {
        try model.describeSentences(
            pooling: #"{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}"#)
        let vector = try embedder().embed(["the bank"])[0]
        #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    }

    @Test(arguments: [
        #"{"pooling_mode": "median"}"#, #"{"pooling_mode": []}"#, #"{"pooling_mode": ["mean", 1]}"#,
        #"{"pooling_mode": null}"#, #"{"pooling_mode": "Mean"}"#, #"{"include_prompt": "no"}"#,
        #"{"pooling_mode_mode": true}"#, #"{"pooling_mode_mean_tokens": "yes"}"#,
        #"{"pooling_mode_mean_tokens": 1}"#, "[]", "", "{",
    ])
    func refusesAPooling(_ config: String) throws {
        try model.describeSentences(pooling: config)
        expectRefusal(naming: "1_Pooling/config.json")
    }

    @Test(arguments: ["CNN", "LSTM", "WeightedLayerPooling", "Router", "StaticEmbedding"])
    func refusesAModuleThatItDoesNotKnow(_ kind: String) throws {
        try model.describeSentences(steps: ["Transformer", "Pooling", kind], pooling: "{}")
        expectRefusal(naming: "modules.json", "[2].type", kind)
    }

    @Test(arguments: [
        (["Transformer"], "sentence_embedding"), (["Pooling", "Normalize"], "Transformer"),
        (["Transformer", "Normalize", "Pooling"], "sentence_embedding"), ([], "nothing"),
    ])
    func refusesModulesThatMakeNoVector(_ steps: [String], _ name: String) throws {
        try model.describeSentences(steps: steps, pooling: "{}")
        do {
            _ = try embedder()
            Issue.record("was not refused")
        } catch {
            #expect("\(error)".contains(name), "\(error)")
        }
    }

    /// Each of these settings would change the vector, or is refused by sentence-transformers, too.
    @Test(arguments: [
        (#"{"query_expansion": {"length": 32}}"#, "query_expansion"),
        (#"{"tokenizer_name_or_path": "other"}"#, "tokenizer_name_or_path"),
        (#"{"transformer_task": "fill-mask"}"#, "transformer_task"),
        (#"{"module_output_name": "sentence_embedding"}"#, "module_output_name"),
        (
            #"{"modality_config": {"text": {"method": "forward", "method_output_name": "pooler_output"}}}"#,
            "text"
        ),
        (#"{"modality_config": {"message": {}}}"#, "message"), (#"{"do_lower_case": 1}"#, "do_lower_case"),
        (#"{"processing_kwargs": {"text": {"add_special_tokens": false}}}"#, "add_special_tokens"),
        (#"{"processing_kwargs": {"text": {"truncation": false}}}"#, "truncation"),
        (#"{"do_lowercase": true}"#, "do_lowercase"), ("[]", "object"),
    ])
    func refusesASettingOfTheEncoder(_ settings: String, _ name: String) throws {
        try model.describeSentences(pooling: "{}", lengths: settings)
        expectRefusal(naming: "sentence_bert_config.json", name)
    }

    @Test(arguments: [
        (#"{"default_prompt_name": "clustering"}"#, "default_prompt_name"),
        (#"{"prompts": {"query": 1}}"#, "prompts.query"), (#"{"prompts": []}"#, "prompts"),
        (#"{"truncate_dim": 0}"#, "truncate_dim"),
        (#"{"similarity_fn_name": "maxsim"}"#, "similarity_fn_name"),
        (#"{"model_type": "SparseEncoder"}"#, "model_type"),
    ])
    func refusesASettingOfTheModel(_ settings: String, _ name: String) throws {
        try model.describeSentences(pooling: "{}")
        try model.write(settings, to: "config_sentence_transformers.json")
        expectRefusal(naming: "config_sentence_transformers.json", name)
    }

    @Test func notesWhatIsNotFollowed() throws {
        try model.describeSentences(
            pooling: "{}",
            lengths: #"{"model_args": {"dtype": "float16", "use_cache": false}, "unpad_inputs": true}"#)
        try model.write(
            #"{"__version__": {}, "temperature": 0.1, "prompts": {}}"#,
            to: "config_sentence_transformers.json")
        let notes = try embedder().notes
        #expect(notes.count == 2)
        #expect(notes.first?.contains("sentence_bert_config.json: model_args.dtype") == true)
        #expect(notes.last?.contains("config_sentence_transformers.json: temperature") == true)
    }

    /// Control characters in names do not reach the terminal.
    @Test func notesAreSafeToPrint() throws {
        try model.describeSentences(pooling: "{}")
        try model.write(#"{"\u001b[2J": 1, "\u202e": 2}"#, to: "config_sentence_transformers.json")
        let notes = try embedder().notes
        #expect(notes.count == 2)
        #expect(notes.allSatisfy { !$0.contains("\u{1B}") && !$0.contains("\u{202E}") })
    }

    @Test func worksWithTokensWithoutATokenizer() throws {
        let (ids, _) = try storedSequence()
        let expected = try embedder().embed(tokens: [ids])
        try FileManager.default.removeItem(at: model.folder.appendingPathComponent("vocab.txt"))
        let embedder = try embedder()
        #expect(try embedder.embed(tokens: [ids]) == expected)
        #expect(throws: TokenizerError.self) { try embedder.embed(["the bank"]) }
        #expect(throws: TokenizerError.self) { try embedder.tokenizer }
    }

    @Test func refusesAPromptThatTheModelDoesNotHave() throws {
        let embedder = try embedder()
        #expect(throws: GenerationError.self) {
            try embedder.embed(["the bank"], prompt: .named("clustering"))
        }
        #expect(try embedder.embed(["the bank"], prompt: .named("query")) == embedder.embed(["the bank"]))
    }

    @Test func refusesAStepOutsideItsFolder() throws {
        try model.write(
            #"[{"path": "../elsewhere", "type": "sentence_transformers.models.Pooling"}]"#, to: "modules.json"
        )
        expectRefusal(naming: "modules.json", "../elsewhere")
    }

    @Test(arguments: [
        "0", "1", "-1", "-9223372036854775808", "9223372036854775808", "12.5", #""128""#,
    ])
    func refusesALength(_ length: String) throws {
        try model.describeSentences(
            pooling: #"{"pooling_mode_mean_tokens": true}"#, lengths: #"{"max_seq_length": \#(length)}"#)
        expectRefusal(naming: "sentence_bert_config.json", "max_seq_length")
    }

    @Test(arguments: [
        ("2", 2), ("17", 17), ("40", 40), ("41", 40), ("9223372036854775807", 40), ("null", 40),
    ])
    func aLengthIsBoundedByTheTableOfPositions(_ length: String, maximum: Int) throws {
        try model.describeSentences(
            pooling: #"{"pooling_mode_mean_tokens": true}"#, lengths: #"{"max_seq_length": \#(length)}"#)
        let embedder = try embedder()
        #expect(embedder.maximumLength == maximum)
        #expect(try embedder.tokenize(String(repeating: "a ", count: 100)).count == maximum)
        #expect(try embedder.embed([String(repeating: "a ", count: 100)])[0].allSatisfy { $0.isFinite })
    }

    @Test(arguments: ["0", "-1", "1000000000000000000", "9223372036854775807", #""512""#, "null"])
    func aTokenizersLengthIsNoDanger(_ length: String) throws {
        try model.write(#"{"model_max_length": \#(length)}"#, to: "tokenizer_config.json")
        do {
            let embedder = try embedder()
            #expect((2...40).contains(embedder.maximumLength))
            #expect(try embedder.embed(["the bank"])[0].count == 24)
        } catch {
            #expect("\(error)".contains("tokenizer_config.json"), "\(error)")
        }
    }

    @Test func refusesAVocabularyThatTheModelDoesNotHave() throws {
        let words = SmallModel.vocabulary + (0..<100).map { "word\($0)" }
        try model.write(words.joined(separator: "\n"), to: "vocab.txt")
        expectRefusal(naming: "config.json", "vocab_size", "100")
    }

    @Test(arguments: ["gpt2", "", "BERT"])
    func refusesAnArchitecture(_ name: String) throws {
        try model.write(#"{"model_type": "\#(name)"}"#, to: "config.json")
        expectRefusal(naming: "config.json", "model_type", "bert")
    }

    @Test func refusesTokensThatTheModelDoesNotHave() throws {
        let embedder = try embedder()
        for ids in [[100], [-1], [Int.max], [Int.min], [2, 3, 100]] {
            #expect(throws: TensorError.self, "\(ids)") { _ = try embedder.embed(tokens: [[2, 3], ids]) }
        }
        #expect(throws: TensorError.self) { try embedder.embed(tokens: [[Int](repeating: 5, count: 41)]) }
        #expect(try embedder.embed(tokens: []).isEmpty)
        #expect(try embedder.embed(tokens: [[], [5]])[0] == [Float](repeating: 0, count: 24))
    }

    @Test func textsThatMeanNothingAreTextsToo() throws {
        let embedder = try embedder()
        let texts = ["", " ", "\0", "\u{FEFF}", "\u{200D}", "注意", String(repeating: "x", count: 1000)]
        for vector in try embedder.embed(texts) {
            #expect(vector.count == 24)
            #expect(vector.allSatisfy { $0.isFinite })
        }
    }

    @Test func equalDocumentsKeepTheirOrder() throws {
        let matches = try embedder().rank(query: "bank", documents: ["river", "bank", "river", "bank"])
        #expect(matches.map(\.index) == [1, 3, 0, 2] || matches.map(\.index) == [0, 2, 1, 3])
        #expect(matches[0].score >= matches[3].score)
        #expect(try embedder().rank(query: "bank", documents: []).isEmpty)
        #expect(try embedder().rank(query: "bank", documents: ["a"], top: 0).isEmpty)
    }

    @Test func progressIsToldUpToTheEnd() throws {
        var told: [Int] = []
        let texts = (0..<200).map { String(repeating: "a ", count: $0 % 30) }
        _ = try embedder().embed(texts) { told.append($0) }
        #expect(told.last == texts.count)
        #expect(told == told.sorted())
        #expect(told.count > 1)
    }

    private func expectRefusal(
        naming parts: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do {
            _ = try embedder()
            Issue.record("was not refused", sourceLocation: sourceLocation)
        } catch {
            for part in parts + [model.folder.path] {
                #expect("\(error)".contains(part), "\(error)", sourceLocation: sourceLocation)
            }
        }
    }

    private func storedSequence() throws -> (ids: [Int], hidden: Tensor) {
        let path = Locations.fixture("AttentionModelsTests", "bert/expected.safetensors").path
        let file = try SafetensorsFile(path: path)
        let ids = try #require(try file.storedTensor(named: "seq3.ids"))
        let numbers = ids.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 8).map {
                Int(bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self))
            }
        }
        return (numbers, try #require(try file.storedTensor(named: "seq3.hidden_f32")).float32())
    }
}
