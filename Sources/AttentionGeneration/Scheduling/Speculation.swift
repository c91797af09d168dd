import AttentionModels
import AttentionTensors

/// A way of guessing a model's next tokens, so that it reads several at once and tells how many were right
/// (arXiv:2211.17192).
///
/// The tokens are the same as without. A guess is right if it is the token that the sampler chooses from the
/// model's logits with the random number of that position; and runs of up to eight tokens have the same
/// logits, to the bit, as their tokens one at a time.
public enum Speculation: Sendable {
    /// The tokens that followed the last few where those stood before (arXiv:2304.04487).
    case lookup
    /// A smaller model with the same tokens. It chooses with the same random numbers, so that it is right
    /// often even at high temperatures.
    case draft(DecoderTransformer)

    /// The most tokens that the model reads at once.
    static let longestRun = 8
}

/// Guesses of one kind, under way.
protocol Drafter: Sendable {
    /// The most bytes that it takes for a text of `length` tokens.
    func byteCount(forLength length: Int) -> Int
    /// Up to `count` guesses of what follows the state's tokens.
    mutating func propose(_ count: Int, after state: GenerationState) throws -> [Int]
}

extension Speculation {
    /// - Parameters:
    ///   - vocabulary: The model's V.
    ///   - capacity: The most tokens of the text.
    ///   - textLength: How long it may become, as for `DecoderTransformer.makeCache`.
    func makeDrafter(vocabulary: Int, capacity: Int, textLength: Int) throws -> any Drafter {
        switch self {
        case .lookup: return PromptLookup()
        case .draft(let draft):
            return try DraftModel(draft, vocabulary: vocabulary, capacity: capacity, textLength: textLength)
        }
    }
}

/// Guesses that a text repeats itself.
package struct PromptLookup: Drafter {
    private static let longestMatch = 3

    func byteCount(forLength length: Int) -> Int { 0 }

    func propose(_ count: Int, after state: GenerationState) -> [Int] {
        Self.continuation(of: state.tokens, count: count)
    }

    /// The tokens that followed the last ones, three if possible, where those last stood before.
    package static func continuation(of tokens: [Int], count: Int) -> [Int] {
        tokens.withUnsafeBufferPointer { tokens in
            for length in stride(from: longestMatch, through: 1, by: -1) where tokens.count > length {
                let last = tokens.count - length
                for start in stride(from: last - 1, through: 0, by: -1) {
                    guard (0..<length).allSatisfy({ tokens[start + $0] == tokens[last + $0] })
                    else { continue }
                    let follows = start + length
                    return Array(tokens[follows..<min(follows + count, tokens.count)])
                }
            }
            return []
        }
    }
}

/// Guesses of a smaller model.
struct DraftModel: Drafter {
    private let model: DecoderTransformer
    private var cache: DecoderCache
    /// The tokens that the cache holds.
    private var read: [Int] = []

    init(
        _ draft: DecoderTransformer, vocabulary: Int, capacity: Int, textLength: Int
    ) throws {
        guard draft.vocabulary == vocabulary else {
            throw GenerationError.unsupported(
                "the draft model has \(draft.vocabulary) tokens, and the model \(vocabulary); "
                    + "both must have the same")
        }
        self.model = draft
        let capacity = min(capacity, draft.configuration.longestSequence)
        cache = try draft.makeCache(capacity: capacity, textLength: min(textLength, capacity))
    }

    func byteCount(forLength length: Int) -> Int { cache.byteCount(forLength: min(length, cache.capacity)) }

    mutating func propose(_ count: Int, after state: GenerationState) throws -> [Int] {
        let tokens = state.tokens
        // Beyond its own context the draft model has nothing to say.
        guard tokens.count + count <= cache.capacity else { return [] }
        try forget(notIn: tokens)
        var chooser = state.chooser
        var guesses: [Int] = []
        while guesses.count < count, !chooser.isComplete {
            let logits = try advance(to: tokens + guesses)
            guesses.append(try logits.withUnsafeBuffer { try chooser.next(from: $0) })
        }
        return guesses
    }

    /// Takes back guesses that were wrong.
    private mutating func forget(notIn tokens: [Int]) throws {
        // At least one token must be read for there to be logits.
        let common = min(zip(read, tokens).prefix { $0 == $1 }.count, tokens.count - 1)
        try cache.truncate(to: common)
        read.removeLast(read.count - common)
    }

    private mutating func advance(to tokens: [Int]) throws -> Tensor {
        var logits: Tensor?
        for chunk in PromptChunks(tokens.count, from: read.count, by: model) {
            logits = try model(Array(tokens[chunk]), cache: &cache)
        }
        read = tokens
        guard let logits else { throw GenerationError.emptyPrompt }
        return logits
    }
}
