/// A trie over the UTF-8 bytes of tokens, each with a number.
///
/// Its edges lie in one hash table, keyed by node and byte, so that building it costs one insertion a byte
/// and following it one look-up a byte.
package struct TokenTrie: Sendable {
    package typealias Node = UInt32

    package static let root: Node = 0
    /// A node that nothing leads on from.
    static let nowhere: Node = .max
    /// A bound on a token's UTF-8 bytes, so that matching costs at most that much a position.
    package static let longestToken = 4096
    private static let largestNode: Node = 1 << 27

    /// `key << 28 | child`, where the key is `node << 8 | byte`; 0 is empty, as no edge leads to the root.
    private var edges: [UInt64]
    private var shift: UInt64
    private var values: [Int32] = [-1]

    package init() {
        edges = [UInt64](repeating: 0, count: 1024)
        shift = 64 - 10
    }

    /// The number of the token that ends at this node, or -1.
    @inline(__always)
    package func value(at node: Node) -> Int32 { values[Int(node)] }

    /// The number of a token.
    package func value(of token: some StringProtocol) -> Int32? {
        guard let node = node(of: token.utf8), value(at: node) >= 0 else { return nil }
        return value(at: node)
    }

    /// The number of a token, by its scalars.
    func value(of scalars: ArraySlice<Unicode.Scalar>) -> Int32? {
        var node = Self.root
        for scalar in scalars {
            guard let next = child(of: node, scalar: scalar) else { return nil }
            node = next
        }
        let value = value(at: node)
        return value < 0 ? nil : value
    }

    /// The node that a text leads to.
    package func node(of text: String) -> Node? { node(of: text.utf8) }

    /// The node that bytes lead to from another one.
    func node(of bytes: some Sequence<UInt8>, from start: Node = root) -> Node? {
        var node = start
        for byte in bytes {
            guard let next = child(of: node, byte: byte) else { return nil }
            node = next
        }
        return node
    }

    /// The longest token that stands at the beginning of a stretch of text, and where it ends.
    @inline(__always)
    func longestMatch(
        in text: AlignedText, _ range: Range<Int>, from start: Node = root
    ) -> (value: Int32, end: Int)? {
        var node = start
        var match: (value: Int32, end: Int)?
        for index in range {
            guard let next = child(of: node, scalar: text[index].scalar) else { break }
            node = next
            let value = value(at: node)
            if value >= 0 { match = (value, index + 1) }
        }
        return match
    }

    @inline(__always)
    package func child(of node: Node, scalar: Unicode.Scalar) -> Node? {
        if scalar.value < 0x80 { return child(of: node, byte: UInt8(truncatingIfNeeded: scalar.value)) }
        var node = node
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
            guard let next = child(of: node, byte: byte) else { return nil }
            node = next
        }
        return node
    }

    @inline(__always)
    package func child(of node: Node, byte: UInt8) -> Node? {
        let key = UInt64(node) << 8 | UInt64(byte)
        let edge = edges[slot(for: key)]
        return edge == 0 ? nil : Node(truncatingIfNeeded: edge & 0xFFF_FFFF)
    }

    /// The slot that holds the key, or the empty one where it belongs.
    @inline(__always)
    private func slot(for key: UInt64) -> Int {
        let mask = edges.count - 1
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while edges[slot] != 0, edges[slot] >> 28 != key { slot = (slot + 1) & mask }
        return slot
    }

    /// Adds a token.
    ///
    /// - Returns: the number that the token had before, if any, which then stays as it is; or a reason why
    ///   it cannot be added.
    package mutating func insert(_ token: String, value: Int32) -> InsertionResult {
        var token = token
        return token.withUTF8 { insert(bytes: $0, value: value) }
    }

    private mutating func insert(bytes: UnsafeBufferPointer<UInt8>, value: Int32) -> InsertionResult {
        guard bytes.count <= Self.longestToken else { return .tooLong }
        var node = Self.root
        for byte in bytes {
            let key = UInt64(node) << 8 | UInt64(byte)
            let slot = slot(for: key)
            let edge = edges[slot]
            if edge != 0 {
                node = Node(truncatingIfNeeded: edge & 0xFFF_FFFF)
                continue
            }
            let child = Node(values.count)
            guard child < Self.largestNode else { return .full }
            edges[slot] = key << 28 | UInt64(child)
            values.append(-1)
            node = child
            if values.count * 2 > edges.count { grow() }
        }
        guard values[Int(node)] < 0 else { return .alreadyThere(values[Int(node)]) }
        values[Int(node)] = value
        return .inserted
    }

    package enum InsertionResult: Equatable {
        case inserted
        case alreadyThere(Int32)
        case tooLong
        case full
    }

    private mutating func grow() {
        let old = edges
        edges = [UInt64](repeating: 0, count: old.count * 4)
        shift -= 2
        for edge in old where edge != 0 { edges[slot(for: edge >> 28)] = edge }
    }
}
