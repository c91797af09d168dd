/// Where the queries stand among the keys: query row i is at position `offset + i`, key row j at position j.
///
/// It matters to everything that compares positions (causal and window masks, ALiBi) when there are not as
/// many queries as keys.
public enum QueryAlignment: Hashable, Sendable {
    /// The first query is at the first key, as in PyTorch's `is_causal`.
    case topLeft
    /// The last query is at the last key, as in decoding with a cache and in FlashAttention since 2.1.
    case bottomRight
    /// The first query is at this position: the number of keys that were there before it.
    case offset(Int)

    package func offset(queries: Int, keys: Int) -> Int {
        switch self {
        case .topLeft: 0
        case .bottomRight: keys - queries
        case .offset(let offset): offset
        }
    }
}
