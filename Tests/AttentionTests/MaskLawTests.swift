import Attention
import AttentionTensors
import TestSupport
import Testing

/// The promise of every mask: the answers about ranges agree with the predicate.
@Suite struct MaskLawTests {
    static let extent = CataloguedMask.extent

    static var sites: [AttentionSite] {
        (0..<extent.batch).flatMap { batch in
            (0..<extent.heads).map { AttentionSite(batch: batch, head: $0, keys: extent.keys) }
        }
    }

    @Test func thereAreMasksOfEveryKind() {
        #expect(CataloguedMask.packed.count == 1)
        #expect(CataloguedMask.all.count == 9 + 2 * 81)
    }

    @Test(arguments: CataloguedMask.all)
    func allowsWhatItMeans(_ test: CataloguedMask) throws {
        try test.mask.validate(for: Self.extent)
        for site in Self.sites {
            for query in -20..<40 {
                let visible = test.mask.visibleKeys(query: query, at: site)
                #expect(visible.lowerBound >= 0 && visible.upperBound <= site.keys)
                for key in 0..<site.keys {
                    let isAllowed = test.mask.allows(query: query, key: key, at: site)
                    guard isAllowed == test.meaning(query, key, site) else {
                        Issue.record("query \(query), key \(key), \(site)")
                        return
                    }
                    if isAllowed { #expect(visible.contains(key)) }
                    if test.mask.isInterval { #expect(isAllowed == visible.contains(key)) }
                }
            }
        }
    }

    @Test(arguments: CataloguedMask.all)
    func coverageNeverLies(_ test: CataloguedMask) throws {
        var random = SeededGenerator(seed: 30)
        for _ in 0..<300 {
            let queries = range(in: -3..<20, using: &random)
            let keys = range(in: 0..<17, using: &random)
            for site in Self.sites {
                let seen = queries.flatMap { query in keys.map { test.meaning(query, $0, site) } }
                switch test.mask.coverage(queries: queries, keys: keys, at: site) {
                case .empty: try #require(!seen.contains(true), "\(queries) × \(keys) at \(site)")
                case .full: try #require(!seen.contains(false), "\(queries) × \(keys) at \(site)")
                case .partial: break
                }
            }
        }
    }

    private func range(in all: Range<Int>, using random: inout SeededGenerator) -> Range<Int> {
        let start = Int.random(in: all, using: &random)
        return start..<Int.random(in: start + 1...all.upperBound, using: &random)
    }

    /// Where a mask is one run of keys for each query, coverage finds what is empty and what is full.
    @Test(arguments: CataloguedMask.all.filter { $0.mask.isInterval })
    func coverageOfIntervalsIsExact(_ test: CataloguedMask) {
        for site in Self.sites {
            for query in 0..<17 {
                for keys in [0..<17, 3..<9, 16..<17] {
                    let seen = keys.map { test.meaning(query, $0, site) }
                    switch test.mask.coverage(queries: query..<query + 1, keys: keys, at: site) {
                    case .empty: #expect(!seen.contains(true))
                    case .full: #expect(!seen.contains(false))
                    case .partial: #expect(seen.contains(true) || test.description.contains("&"))
                    }
                }
            }
        }
    }

    @Test(arguments: CataloguedMask.all)
    func bitsAreWhatIsAllowed(_ test: CataloguedMask) throws {
        for site in Self.sites {
            for query in -3..<20 {
                for keys in [0..<17, 3..<9, 16..<17, 5..<5] {
                    let bits = test.mask.visibleBits(query: query, keys: keys, at: site)
                    let expected = keys.reduce(0 as UInt64) { bits, key in
                        let isAllowed = test.mask.allows(query: query, key: key, at: site)
                        return bits | (isAllowed ? 1 << UInt64(key - keys.lowerBound) : 0)
                    }
                    try #require(bits == expected, "query \(query), keys \(keys), \(site)")
                }
            }
        }
    }

    @Test(arguments: CataloguedMask.all)
    func dependsOnNothingElse(_ test: CataloguedMask) throws {
        let dependence = test.mask.dependence
        for site in Self.sites {
            let alike = AttentionSite(
                batch: dependence.contains(.batch) ? site.batch : 0,
                head: dependence.contains(.head) ? site.head : 0, keys: site.keys)
            for query in -3..<20 {
                try #require(
                    test.mask.visibleBits(query: query, keys: 0..<17, at: site)
                        == test.mask.visibleBits(query: query, keys: 0..<17, at: alike))
                try #require(
                    test.mask.visibleKeys(query: query, at: site)
                        == test.mask.visibleKeys(query: query, at: alike))
            }
        }
    }

    @Test(arguments: CataloguedMask.all)
    func boundariesAscendAndSeparate(_ test: CataloguedMask) {
        let boundaries = test.mask.queryBoundaries
        #expect(boundaries == boundaries.sorted())
        #expect(boundaries.isEmpty || test.description.contains("block diagonal"))
    }

    /// The tiled path asks about blocks, the reference about every pair.
    @Test(arguments: CataloguedMask.all, [QueryAlignment.topLeft, .offset(5)])
    func tiledPathAgreesWithReference(_ test: CataloguedMask, _ alignment: QueryAlignment) throws {
        var random = SeededGenerator(seed: 31)
        let extent = Self.extent
        let (query, key, value) = (
            random.tensor([3, 2, extent.queries, 4]), random.tensor([3, 2, extent.keys, 4]),
            random.tensor([3, 2, extent.keys, 3])
        )
        let attention = AttentionOperator(mask: test.mask, alignment: alignment)
        // Packed sequences count rows, so another alignment is refused rather than misread.
        guard alignment == .topLeft || !test.description.contains("block diagonal") else {
            #expect(throws: TensorError.self) { try attention(query: query, key: key, value: value) }
            return
        }
        let found = try attention.forward(query: query, key: key, value: value)
        let expected = try attention.reference(query: query, key: key, value: value)
        #expect(largestDifference(found.values, expected.values) < 2e-6)
        let (a, b) = (found.logSumExp, expected.logSumExp)
        #expect(largestDifference(a, b) < 2e-6)
        let weights = try attention.referenceScores(query: query, key: key, stage: .weights)
        for batch in 0..<3 {
            let site = AttentionSite(batch: batch, head: 1, keys: extent.keys)
            let offset = alignment == .topLeft ? 0 : 5
            for row in 0..<17 {
                for key in 0..<17 {
                    #expect((weights[batch, 1, row, key] > 0) == test.meaning(row + offset, key, site))
                }
            }
        }
    }
}
