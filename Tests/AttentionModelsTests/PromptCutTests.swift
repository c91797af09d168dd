import Attention
import AttentionFiles
import AttentionModels
import AttentionTensors
import Foundation
import TestSupport
import Testing

/// A prompt has the same bits however it is cut at multiples of `AttentionOperator.cutLength`, and a
/// beginning that is taken over from another text has the bits of one that is read.
@Suite struct PromptCutTests {
    /// GPT-2 has a table of 64 positions; the other fixtures are made to read more.
    static let names = DecoderFixture.all.filter { $0 != "gpt2" }

    private static func model(_ name: String) throws -> DecoderTransformer {
        let folder = try DecoderFixture(name).folder
        let config = try folder.data(of: "config.json")
        var fields = try #require(JSONSerialization.jsonObject(with: Data(config)) as? [String: Any])
        fields["max_position_embeddings"] = 1024
        if var text = fields["text_config"] as? [String: Any] {
            text["max_position_embeddings"] = 1024
            fields["text_config"] = text
        }
        let data = try JSONSerialization.data(withJSONObject: fields)
        return try DecoderTransformer(
            JSONDecoder().decode(ModelDescription.self, from: data), from: folder.weights())
    }

    /// The lengths are those at which something changes: at the last multiple of 64, up to eight tokens
    /// behind it, and more than eight.
    @Test(arguments: names, KeyValueStorage.allCases)
    func cutsChangeNothing(_ name: String, _ storage: KeyValueStorage) throws {
        let model = try Self.model(name)
        let unit = AttentionOperator.cutLength
        var generator = SeededGenerator(seed: 21)
        for length in [unit, unit + 1, unit + 8, unit + 9, 2 * unit + 3, 5 * unit + 13] {
            let tokens = (0..<length).map { _ in Int.random(in: 0..<64, using: &generator) }
            var whole = try model.makeCache(capacity: 512, storage: storage)
            let expected = try model(tokens, cache: &whole, logits: .all)
            for _ in 0..<3 {
                let cuts = stride(from: unit, to: length, by: unit).filter { _ in
                    Bool.random(using: &generator)
                }
                var cache = try model.makeCache(capacity: 512, storage: storage)
                var parts: [Tensor] = []
                for (start, end) in zip([0] + cuts, cuts + [length]) {
                    parts.append(try model(Array(tokens[start..<end]), cache: &cache, logits: .all))
                }
                #expect(
                    try areBitwiseEqual(Tensor.concatenating(parts, axis: 0), expected),
                    "\(length) tokens, cut at \(cuts)")
                var first = whole
                #expect(
                    areBitwiseEqual(try model([3], cache: &cache), try model([3], cache: &first)),
                    "the step after \(length) tokens, cut at \(cuts)")
            }
        }
    }

    @Test(arguments: names) func aBeginningOfAnotherText(_ name: String) throws {
        let model = try Self.model(name)
        let unit = AttentionOperator.cutLength
        var generator = SeededGenerator(seed: 22)
        let beginning = (0..<2 * unit).map { _ in Int.random(in: 0..<64, using: &generator) }
        var other = try model.makeCache(capacity: 512)
        _ = try model(beginning + [1, 2, 3], cache: &other)
        for length in [unit, 2 * unit] {
            for rest in [[7], [Int](0..<8), [Int](0..<9), [Int](0..<40)] {
                var taken = other
                // A window may have moved on.
                guard (try? taken.truncate(to: length)) != nil else { continue }
                var alone = try model.makeCache(capacity: 512)
                let text = Array(beginning[..<length]) + rest
                #expect(
                    areBitwiseEqual(
                        try model(rest, cache: &taken), try model(text, cache: &alone)),
                    "\(rest.count) tokens after \(length)")
            }
        }
    }
}
