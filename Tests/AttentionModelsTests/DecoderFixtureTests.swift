import Attention
import AttentionFiles
import AttentionModels
import AttentionTensors
import TestSupport
import Testing

/// Decoders compared with `transformers` in float64, on every path through the model. Their error is little
/// larger than that of its float32.
@Suite struct DecoderFixtureTests {
    @Test(arguments: DecoderFixture.all, InstructionSet.available)
    func wholeSequences(_ name: String, _ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let fixture = try DecoderFixture(name)
            #expect(fixture.sequences.map(\.attributes.length) == [1, 2, 7, 23])
            let batch = try SequenceBatch(fixture.ids())
            let logits = try fixture.model(batch)
            #expect(logits.shape == [33, 64])
            for (sequence, range) in zip(fixture.sequences, batch.ranges) {
                try expect(logits.sliced(axis: 0, range), fits: sequence)
            }
        }
    }

    /// Runs of unequal lengths in one step, then the rest of each sequence one token at a time.
    @Test(arguments: DecoderFixture.names, InstructionSet.available)
    func overACache(_ name: String, _ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let fixture = try DecoderFixture(name)
            let ids = try fixture.ids()
            var caches = try ids.map { _ in try fixture.model.makeCache(capacity: 64) }
            let beginnings = ids.map { Array($0.prefix(max($0.count - 3, 1))) }
            var parts = ids.map { _ in [Tensor]() }
            var rows = try fixture.model(beginnings, caches: &caches, logits: ids.map { _ in .all })
            var first = 0
            for (index, run) in beginnings.enumerated() {
                parts[index].append(rows.sliced(axis: 0, first..<first + run.count))
                first += run.count
            }
            for step in 0..<3 {
                let going = ids.indices.filter { beginnings[$0].count + step < ids[$0].count }
                guard !going.isEmpty else { break }
                let runs = going.map { [ids[$0][beginnings[$0].count + step]] }
                var some = going.map { caches[$0] }
                rows = try fixture.model(runs, caches: &some)
                for (index, cache) in zip(going, some) { caches[index] = cache }
                for (row, index) in going.enumerated() {
                    parts[index].append(rows.sliced(axis: 0, row..<row + 1))
                }
            }
            #expect(caches.map(\.length) == ids.map(\.count))
            for (index, sequence) in fixture.sequences.enumerated() {
                try expect(Tensor.concatenating(parts[index], axis: 0), fits: sequence)
            }
        }
    }

    /// Read in two parts, each sequence in a cache of its own: its positions are those of a text of its
    /// length.
    @Test(arguments: DecoderFixture.lengthDependent)
    func lengthsOfTexts(_ name: String) throws {
        let fixture = try DecoderFixture(name)
        for sequence in fixture.sequences {
            let ids = try sequence.tensors.integers("ids")
            var cache = try fixture.model.makeCache(capacity: 64, textLength: ids.count)
            let first = try fixture.model(Array(ids[..<((ids.count + 1) / 2)]), cache: &cache, logits: .all)
            var parts = [first]
            if ids.count > 1 {
                parts.append(
                    try fixture.model(Array(ids[((ids.count + 1) / 2)...]), cache: &cache, logits: .all))
            }
            try expect(Tensor.concatenating(parts, axis: 0), fits: sequence)
        }
        let caches = try [16, 17, 64].map { try fixture.model.makeCache(capacity: 64, textLength: $0) }
        #expect(
            fixture.model.suits(caches[0], textLength: 1) && !fixture.model.suits(caches[0], textLength: 17))
        #expect(!fixture.model.suits(caches[1], textLength: 16))
        // LongRoPE has two kinds of texts, dynamic NTK has as many as there are lengths.
        #expect(fixture.model.suits(caches[1], textLength: 64) == (name == "phi3-longrope"))
        #expect(fixture.model.suits(try fixture.model.makeCache(capacity: 64), textLength: 64))
    }

    @Test(arguments: DecoderFixture.all)
    func greedyTokens(_ name: String) throws {
        let fixture = try DecoderFixture(name)
        let expected = try fixture.greedy.tensors.integers("ids")
        try #require(expected.count == 40)
        var cache = try fixture.model.makeCache(capacity: 64)
        var run = try fixture.greedy.tensors.integers("prompt")
        var found: [Int] = []
        while found.count < expected.count {
            let next = try fixture.model(run, cache: &cache).indexOfLargest(inRow: 0)
            found.append(next)
            run = [next]
        }
        #expect(found == expected)
    }

    /// `rope_theta` and `rope_scaling` mean what `rope_parameters` does.
    @Test(arguments: DecoderFixture.all.filter { $0 != "gpt2" })
    func bothFormsOfTheConfiguration(_ name: String) throws {
        let folder = try DecoderFixture(name).folder
        let new = try folder.decode(ModelDescription.self)
        let old = try folder.decode(ModelDescription.self, from: "config-before-5.json")
        #expect(new.configuration == old.configuration)
    }

    /// Wider networks read fewer tokens of a prompt at once. Any width from a file is allowed.
    @Test(arguments: [
        (0, 512), (40, 512), (4096, 512), (4097, 448), (8192, 256), (14_336, 128), (28_672, 64),
        (1 << 40, 64), (.max, 64),
        (-1, 512), (.min, 512),
    ])
    func tokensOfAPromptAtOnce(feedForwardWidth: Int, tokens: Int) throws {
        var configuration = try DecoderFixture("llama").model.configuration
        configuration.updateBlocks { _, block in block.feedForward.width = feedForwardWidth }
        #expect(configuration.promptChunk == tokens)
    }

    /// A cache that was made for texts of another length is refused, and says what to do.
    @Test(arguments: DecoderFixture.lengthDependent)
    func cachesOfOtherTexts(_ name: String) throws {
        let model = try DecoderFixture(name).model
        let cache = try model.makeCache(capacity: 40, textLength: 4)
        #expect(model.suits(cache, textLength: 4))
        #expect(!model.suits(cache, textLength: 40))
    }

    private func expect(_ logits: Tensor, fits sequence: FixtureCase<DecoderFixture.Attributes>) throws {
        let expected = try sequence.tensors.doubles("logits_f64")
        // The longest of chains here: three times what transformers' own float32 is off, and never 1 in
        // 10,000.
        let bound = min(
            1.5 * tolerance(float32Error: sequence.attributes.float32Error, of: expected),
            1e-4 * expected.reduce(0) { max($0, abs($1)) })
        #expect(largestError(logits, expected) <= bound, "\(sequence)")
    }
}

/// The promises of every decoder.
@Suite struct DecoderInvarianceTests {
    /// A sequence has the same bits alone and beside others, on one thread and on three.
    @Test(arguments: DecoderFixture.all)
    func companyChangesNothing(_ name: String) throws {
        let fixture = try DecoderFixture(name)
        let ids = try fixture.ids()
        func together() throws -> [Tensor] {
            let pages = try fixture.model.makePages()
            var caches = try ids.map { _ in try fixture.model.makeCache(capacity: 64, pages: pages) }
            let prompt = try fixture.model(ids, caches: &caches)
            let step = try fixture.model(ids.map { [$0[0]] }, caches: &caches)
            return [prompt, step]
        }
        let results = try [1, 2, 3].map { threads in
            try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) { try together() }
        }
        for other in results.dropFirst() {
            #expect(zip(results[0], other).allSatisfy { areBitwiseEqual($0, $1) })
        }
        for (index, run) in ids.enumerated() {
            var cache = try fixture.model.makeCache(capacity: 64)
            let prompt = try fixture.model(run, cache: &cache)
            let step = try fixture.model([run[0]], cache: &cache)
            #expect(areBitwiseEqual(prompt, results[0][0].sliced(axis: 0, index..<index + 1)))
            #expect(areBitwiseEqual(step, results[0][1].sliced(axis: 0, index..<index + 1)))
        }
    }

    /// Up to eight tokens at once have the bits of one at a time. Tokens that were removed again change
    /// nothing.
    @Test(arguments: DecoderFixture.all)
    func runsAndTruncation(_ name: String) throws {
        let fixture = try DecoderFixture(name)
        let ids = try fixture.ids()[3]
        var cache = try fixture.model.makeCache(capacity: 64)
        _ = try fixture.model(Array(ids[..<15]), cache: &cache)
        var other = cache
        let together = try fixture.model(Array(ids[15...]), cache: &cache, logits: .all)
        for (row, id) in ids[15...].enumerated() {
            // A wrong guess, taken back.
            _ = try fixture.model([(id + 1) % 64, id], cache: &other)
            try other.truncate(to: 15 + row)
            let alone = try fixture.model([id], cache: &other)
            #expect(areBitwiseEqual(alone, together.sliced(axis: 0, row..<row + 1)), "\(row)")
        }
    }

    @Test func textsThatBeginAlike() throws {
        let fixture = try DecoderFixture("llama")
        let ids = try fixture.ids()[3]
        var cache = try fixture.model.makeCache(capacity: 64)
        _ = try fixture.model(ids, cache: &cache)
        var copy = cache
        try copy.truncate(to: 20)
        let next = try fixture.model(Array(ids[20...]), cache: &copy)
        #expect((cache.length, copy.length) == (23, 23))
        var alone = try fixture.model.makeCache(capacity: 64)
        _ = try fixture.model(Array(ids[..<20]), cache: &alone)
        #expect(areBitwiseEqual(next, try fixture.model(Array(ids[20...]), cache: &alone)))
        // The original has not changed.
        var whole = try fixture.model.makeCache(capacity: 64)
        _ = try fixture.model(ids, cache: &whole)
        #expect(
            areBitwiseEqual(
                try fixture.model([1], cache: &cache), try fixture.model([1], cache: &whole)))
    }

    /// Observing a model changes no result, and rows of weights sum to 1 within the layer's window.
    @Test func observation() throws {
        let fixture = try DecoderFixture("gemma2")
        let batch = try SequenceBatch([fixture.ids()[3]])
        var layers = 0
        let looked = try fixture.model(batch) { layer, observation in
            let weights = try observation.weights(heads: [1]).scalars
            for row in 0..<23 {
                let visible = layer == 0 ? max(row - 4, 0)...row : 0...row
                let sum = visible.reduce(Float(0)) { $0 + weights[row * 23 + $1] }
                #expect(abs(sum - 1) < 1e-5, "layer \(layer), row \(row)")
            }
            layers += 1
        }
        #expect(layers == 2)
        #expect(areBitwiseEqual(looked, try fixture.model(batch)))
    }
}
