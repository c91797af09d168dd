import AttentionTokenizers
import Foundation
import TestSupport
import Testing

/// Identity with the reference implementation, on the stored answers that Scripts/tokenizer_fixtures.py
/// writes.
@Suite struct ReferenceTests {
    struct Fixture: Decodable {
        let name: String
        let tokenizer: String
        let cases: [Case]
    }

    struct Case: Decodable {
        struct Cut: Decodable {
            let length: Int
            let strategy: String
            let side: String
        }
        let text: String
        let pair: String?
        let special: Bool
        let cut: Cut?
        let refused: Bool?
        let ids, types, offsets: [Int]?
        let tokens, decoded: [String]?
        let words, sequences: [Int?]?
    }

    static let fixtures: [Fixture] = {
        let file = Locations.fixture("AttentionTokenizersTests", "wordpiece.json")
        // A missing fixture shows as a failing `everyCaseIsThere`.
        guard let data = try? Data(contentsOf: file) else { return [] }
        return (try? JSONDecoder().decode([Fixture].self, from: data)) ?? []
    }()

    @Test func everyCaseIsThere() {
        #expect(Self.fixtures.count == 8)
        #expect(Self.fixtures.allSatisfy { $0.cases.count > 90 })
    }

    @Test(arguments: fixtures.indices)
    func encodesAsTheReference(fixture index: Int) throws {
        let fixture = Self.fixtures[index]
        let tokenizer = try Tokenizer(json: Array(fixture.tokenizer.utf8), name: fixture.name)
        for test in fixture.cases {
            let comment: Comment = "\(fixture.name): \(test.text.debugDescription), \(test.pair ?? "-")"
            if test.refused == true {
                #expect(throws: TokenizerError.self, comment) { try encode(test, with: tokenizer) }
                continue
            }
            let encoding = try encode(test, with: tokenizer)
            #expect(encoding.ids == test.ids, comment)
            #expect(encoding.tokens == test.tokens, comment)
            #expect(encoding.typeIDs == test.types, comment)
            #expect(encoding.words == test.words, comment)
            #expect(encoding.sequences == test.sequences, comment)
            #expect(encoding.specialTokensMask == test.sequences?.map { $0 == nil }, comment)
            #expect(encoding.offsets == offsets(of: test), comment)
            let decoded = [false, true].map { tokenizer.decode(encoding.ids, skipSpecialTokens: $0) }
            #expect(decoded == test.decoded, comment)
        }
    }

    private func encode(_ test: Case, with tokenizer: Tokenizer) throws -> Encoding {
        let strategies: [String: Truncation.Strategy] = [
            "longest_first": .longestFirst, "only_first": .onlyFirst, "only_second": .onlySecond,
        ]
        return try tokenizer.encode(
            test.text, pair: test.pair, addSpecialTokens: test.special, maxLength: test.cut?.length,
            strategy: strategies[test.cut?.strategy ?? ""] ?? .longestFirst,
            side: test.cut?.side == "left" ? .left : .right)
    }

    /// The reference counts scalars.
    private func offsets(of test: Case) -> [Range<Int>]? {
        guard let offsets = test.offsets, let sequences = test.sequences else { return nil }
        let ends = [test.text, test.pair ?? ""].map { text in
            text.unicodeScalars.reduce(into: [0]) { $0.append($0[$0.count - 1] + UTF8.width($1)) }
        }
        return sequences.enumerated().map { index, sequence in
            guard let sequence else { return 0..<0 }
            return ends[sequence][offsets[2 * index]]..<ends[sequence][offsets[2 * index + 1]]
        }
    }
}
