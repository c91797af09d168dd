import Attention
import AttentionTensors

/// A mask of each kind, and the predicate that defines it.
struct CataloguedMask: Sendable, CustomStringConvertible {
    let description: String
    let mask: any AttentionMask
    /// Whether the query at a position sees a key, in a batch of `extent`.
    let meaning: @Sendable (_ query: Int, _ key: Int, _ site: AttentionSite) -> Bool

    /// The problem that the masks are made for.
    static let extent = AttentionExtent(batch: 3, heads: 2, queries: 17, keys: 17)

    init(
        _ description: String, _ mask: any AttentionMask,
        _ meaning: @escaping @Sendable (Int, Int, AttentionSite) -> Bool
    ) {
        self.description = description
        self.mask = mask
        self.meaning = meaning
    }

    static let scattered: @Sendable (Int, Int, AttentionSite) -> Bool = { query, key, site in
        (query &* 7 &+ key * 3 &+ site.head + site.batch) % 5 < 2
    }

    static let lengths = [17, 0, 6]
    static let segments = [5, 0, 1, 8, 3]
    /// The sequence that each position belongs to.
    static let owners = segments.enumerated().flatMap { [Int](repeating: $0, count: $1) }

    static let simple: [CataloguedMask] = [
        CataloguedMask("full", .full) { _, _, _ in true },
        CataloguedMask("causal", .causal) { query, key, _ in key <= query },
        CataloguedMask("key padding", .keyPadding(lengths: lengths)) { _, key, site in
            key < lengths[site.batch]
        },
        CataloguedMask("window", .slidingWindow(before: 4, after: 2)) { query, key, _ in
            key >= query - 4 && key <= query + 2
        },
        CataloguedMask("causal window", .slidingWindow(before: 3)) { query, key, _ in
            key >= query - 3 && key <= query
        },
        CataloguedMask("window of one", .slidingWindow(before: 0)) { query, key, _ in key == query },
        CataloguedMask("window of everything", .slidingWindow(before: .max, after: .max)) { _, _, _ in true },
        CataloguedMask("predicate", .predicate(scattered), scattered),
    ]

    /// Makes a mask from lengths that match, so that it cannot throw.
    static let packed: [CataloguedMask] = [try? BlockDiagonalMask(queryLengths: segments)].compactMap { $0 }
        .map {
            CataloguedMask("block diagonal", $0) { query, key, _ in
                owners.indices.contains(query) && owners[query] == owners[key]
            }
        }

    /// The simple masks and every two of them combined, both ways.
    static let all: [CataloguedMask] =
        (simple + packed)
        + (simple + packed).flatMap { a in
            (simple + packed).flatMap { b in
                [
                    CataloguedMask("\(a) & \(b)", a.mask & b.mask) {
                        a.meaning($0, $1, $2) && b.meaning($0, $1, $2)
                    },
                    CataloguedMask("\(a) | \(b)", a.mask | b.mask) {
                        a.meaning($0, $1, $2) || b.meaning($0, $1, $2)
                    },
                ]
            }
        }
}
