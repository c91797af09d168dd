/// A text, or a pair of texts, as tokens. All arrays have one element a token.
public struct Encoding: Hashable, Sendable {
    /// The tokens' numbers in the vocabulary.
    public internal(set) var ids: [Int] = []
    /// The tokens' texts, such as `##ing`. For an added token, what was found in the text.
    public internal(set) var tokens: [String] = []
    /// The segment of the model's input that the token belongs to (BERT's token types).
    public internal(set) var typeIDs: [Int] = []
    /// The stretch of text that the token stands for, in UTF-8 bytes of the text or, where ``sequences`` is
    /// 1, of the second text. Empty, at 0, for tokens that the post-processor adds.
    ///
    /// The bytes are those of whole scalars. Tokens that stem from one scalar, as `½` gives three under
    /// NFKD, share its bytes.
    public internal(set) var offsets: [Range<Int>] = []
    /// Whether the post-processor added the token.
    public internal(set) var specialTokensMask: [Bool] = []
    /// 0 for the text, 1 for the second text, nil for what the post-processor added.
    public internal(set) var sequences: [Int?] = []
    /// The position among the words of its text that the token belongs to.
    public internal(set) var words: [Int?] = []

    /// The number of tokens.
    public var count: Int { ids.count }

    /// The stretch of the encoded text that a token stands for.
    ///
    /// - Parameters:
    ///   - index: the token's place in the encoding.
    ///   - text: the text, or the second text where ``sequences`` says so.
    /// - Returns: nil where the token was added by the post-processor, or the text is another one.
    /// - Precondition: `index` is below ``count``.
    public func range(ofToken index: Int, in text: String) -> Range<String.Index>? {
        let bytes = offsets[index]
        guard sequences[index] != nil, bytes.upperBound <= text.utf8.count else { return nil }
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: bytes.lowerBound)
        let end = utf8.index(start, offsetBy: bytes.count)
        let scalars = text.unicodeScalars
        guard start.samePosition(in: scalars) != nil, end.samePosition(in: scalars) != nil else { return nil }
        return start..<end
    }

    /// The part of the encoded text that a token stands for, at ``range(ofToken:in:)``.
    public func substring(ofToken index: Int, in text: String) -> Substring? {
        range(ofToken: index, in: text).map { text[$0] }
    }

    init(capacity: Int) {
        ids.reserveCapacity(capacity)
        tokens.reserveCapacity(capacity)
        typeIDs.reserveCapacity(capacity)
        offsets.reserveCapacity(capacity)
        specialTokensMask.reserveCapacity(capacity)
        sequences.reserveCapacity(capacity)
        words.reserveCapacity(capacity)
    }

    mutating func append(_ token: SequenceToken, sequence: Int, typeID: Int) {
        ids.append(token.id)
        tokens.append(token.text)
        typeIDs.append(typeID)
        offsets.append(token.offset)
        specialTokensMask.append(false)
        sequences.append(sequence)
        words.append(token.word)
    }

    mutating func append(special id: Int, _ token: String, typeID: Int) {
        ids.append(id)
        tokens.append(token)
        typeIDs.append(typeID)
        offsets.append(0..<0)
        specialTokensMask.append(true)
        sequences.append(nil)
        words.append(nil)
    }
}

/// A token of one text, before the post-processor.
struct SequenceToken: Sendable {
    let id: Int
    let text: String
    var offset: Range<Int>
    let word: Int
}
