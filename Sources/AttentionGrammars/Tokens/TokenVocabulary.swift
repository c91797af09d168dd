/// The bytes of all tokens of a vocabulary as a tree of their beginnings, so that what a token may be is
/// found out for all tokens that begin alike at once.
///
/// Made once for a vocabulary and shared by all that use it.
public final class TokenVocabulary: Sendable {
    /// V, with the tokens that are never allowed.
    public let count: Int

    // The tree in the order of a walk that visits a node before its children; node 0 is the empty beginning.
    /// The last byte of each beginning.
    let bytes: [UInt8]
    /// The node behind a node and all below it.
    let ends: [Int32]
    /// The length of each beginning.
    let depths: [Int32]
    /// The tokens in the order of their nodes, and where those of each node begin among them.
    let tokens: [Int32]
    let tokenStarts: [Int32]

    let longest: Int
    private let storage: [UInt8]
    private let offsets: [Int]

    /// - Parameter tokens: the bytes of every token; nil or none for one that never stands in a text, as
    ///   special tokens do not. A token's bytes need not be whole characters.
    public init(_ tokens: [[UInt8]?]) {
        count = tokens.count
        var storage: [UInt8] = []
        var offsets = [0]
        storage.reserveCapacity(tokens.count * 8)
        offsets.reserveCapacity(tokens.count + 1)
        for token in tokens {
            storage += token ?? []
            offsets.append(storage.count)
        }
        (self.storage, self.offsets) = (storage, offsets)
        let order = Self.sorted(storage, offsets)
        let tree = Self.tree(order, storage, offsets)
        self.tokens = order
        (bytes, ends, depths, tokenStarts) = (tree.bytes, tree.ends, tree.depths, tree.tokenStarts)
        longest = Int(tree.depths.max() ?? 0)
    }

    /// The bytes of a token; empty for one that is never allowed.
    ///
    /// - Precondition: the vocabulary has the token.
    package func bytes(of token: Int) -> ArraySlice<UInt8> { storage[offsets[token]..<offsets[token + 1]] }

    /// The tokens that have bytes, in the order of these.
    private static func sorted(_ storage: [UInt8], _ offsets: [Int]) -> [Int32] {
        // Eight bytes decide most comparisons.
        var keys: [(first: UInt64, token: Int32)] = []
        keys.reserveCapacity(offsets.count)
        for token in 0..<offsets.count - 1 where offsets[token + 1] > offsets[token] {
            var first: UInt64 = 0
            for index in 0..<8 {
                let place = offsets[token] + index
                first = first << 8 | (place < offsets[token + 1] ? UInt64(storage[place]) : 0)
            }
            keys.append((first, Int32(token)))
        }
        keys.sort { left, right in
            if left.first != right.first { return left.first < right.first }
            let (a, b) = (Int(left.token), Int(right.token))
            let first = storage[offsets[a]..<offsets[a + 1]]
            let second = storage[offsets[b]..<offsets[b + 1]]
            if first.elementsEqual(second) { return a < b }
            return first.lexicographicallyPrecedes(second)
        }
        return keys.map(\.token)
    }

    private static func tree(
        _ order: [Int32], _ storage: [UInt8], _ offsets: [Int]
    ) -> (bytes: [UInt8], ends: [Int32], depths: [Int32], tokenStarts: [Int32]) {
        var bytes: [UInt8] = [0]
        var ends: [Int32] = [0]
        var depths: [Int32] = [0]
        var tokenStarts: [Int32] = [0]
        // The nodes of the beginnings of the token at hand.
        var path = [0]
        var previous: ArraySlice<UInt8> = []
        func close(to depth: Int) {
            while path.count > depth + 1 { ends[path.removeLast()] = Int32(bytes.count) }
        }
        for (index, token) in order.enumerated() {
            let current = storage[offsets[Int(token)]..<offsets[Int(token) + 1]]
            let shared = zip(previous, current).prefix { $0 == $1 }.count
            close(to: shared)
            for byte in current.dropFirst(shared) {
                path.append(bytes.count)
                bytes.append(byte)
                ends.append(0)
                depths.append(Int32(path.count - 1))
                tokenStarts.append(Int32(index))
            }
            previous = current
        }
        close(to: 0)
        ends[0] = Int32(bytes.count)
        tokenStarts.append(Int32(order.count))
        return (bytes, ends, depths, tokenStarts)
    }
}
