import AttentionTensors
import TestSupport
import Testing

/// The promises of `gradients(of:at:)`, with sums, views and custom operations.
@Suite struct GradientTests {
    /// 2x by a custom operation.
    static func doubled(_ x: Tensor, backward: @escaping @Sendable () -> Void = {}) throws -> Tensor {
        try (x.detached() + x.detached()).recorded(as: "doubling", from: [x]) {
            gradient, needs throws(TensorError) in
            backward()
            #expect(needs == [true])
            return [try gradient + gradient]
        }
    }

    @Test func sumsPassTheirGradientOn() throws {
        let (a, b) = (Tensor.zeros([2, 3]).watched(), Tensor.zeros([2, 3]).watched())
        let seed = try Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
        let found = try gradients(of: a + b, seed: seed, at: [b, a])
        #expect(areBitwiseEqual(found[0], seed) && areBitwiseEqual(found[1], seed))
        #expect(!found[0].isWatched && !found[1].isWatched)
    }

    /// Four paths meet: x + x + 2x + 2(x + x).
    @Test func gradientsThatMeetAreAdded() throws {
        let x = try Tensor([1, 10], shape: [2]).watched()
        let twice = try x + x
        let y = try twice + Self.doubled(x) + Self.doubled(twice)
        #expect(y.scalars == [8, 80])
        let seed = try Tensor([1, -1], shape: [2])
        let found = try gradients(of: y, seed: seed, at: [x, twice, x])
        #expect(found.map(\.scalars) == [[8, -8], [3, -3], [8, -8]])
        #expect(seed.scalars == [1, -1], "the seed is not written to")
    }

    @Test func viewsTurnTheirGradientsBack() throws {
        var random = SeededGenerator(seed: 1)
        let x = random.tensor([2, 3, 8]).watched()
        func check(_ view: Tensor, _ expected: (Tensor) throws -> Tensor) throws {
            let seed = random.tensor(view.shape)
            let found = try gradients(of: view, seed: seed, at: [x])[0]
            #expect(areBitwiseEqual(found, try expected(seed)))
        }
        try check(x.transposed(0, 2)) { $0.transposed(0, 2) }
        try check(x.reshaped(to: [6, 2, 4])) { try $0.reshaped(to: [2, 3, 8]) }
        try check(x.transposed(0, 1).reshaped(to: [6, 8])) {
            try $0.reshaped(to: [3, 2, 8]).transposed(0, 1)
        }
        try check(x.splitIntoHeads(4)) { try $0.concatenatingHeads() }
        try check(x.splitIntoHeads(2).concatenatingHeads()) { $0 }
        try check(x.contiguous()) { $0 }
        try check(x.transposed(0, 2).contiguous()) { $0.transposed(0, 2) }
        try check(x.sliced(axis: 2, 0..<0)) { _ in .zeros([2, 3, 8]) }
        for (axis, range) in [(0, 1..<2), (1, 0..<2), (1, 1..<3), (2, 3..<4), (2, 0..<8)] {
            try check(x.sliced(axis: axis, range)) { placed($0, axis: axis, range, in: [2, 3, 8]) }
        }
        for axis in 0..<3 {
            try check(x.selecting(axis: axis, 1)) { seed in
                var extents = [2, 3, 8]
                extents[axis] = 1
                return placed(try seed.reshaped(to: Shape(extents)), axis: axis, 1..<2, in: [2, 3, 8])
            }
        }
    }

    /// Zeros, with `part` where `range` lies along `axis`.
    private func placed(_ part: Tensor, axis: Int, _ range: Range<Int>, in shape: Shape) -> Tensor {
        Tensor(shape: shape) { elements in
            for index in elements.indices {
                var place = [index / (shape[1] * shape[2]), index / shape[2] % shape[1], index % shape[2]]
                let isInside = range.contains(place[axis])
                place[axis] -= range.lowerBound
                elements.initializeElement(
                    at: index, to: isInside ? part[place[0], place[1], place[2]] : 0)
            }
        }
    }

    /// Overlapping slices of one tensor, and the tensor itself.
    @Test(arguments: InstructionSet.available) func slicesAddUp(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let x = Tensor.zeros([3, 50]).watched()
            let y = try x.sliced(axis: 1, 0..<40) + x.sliced(axis: 1, 10..<50)
            let z = try x.sliced(axis: 1, 5..<45) + y
            let found = try gradients(of: z, seed: Tensor(repeating: 1, shape: [3, 40]), at: [x])[0]
            for row in 0..<3 {
                for column in 0..<50 {
                    let expected = [0..<40, 10..<50, 5..<45].filter { $0.contains(column) }.count
                    #expect(found[row, column] == Float(expected))
                }
            }
        }
    }

    @Test func unwatchedTensorsAreNotRecorded() throws {
        let x = Tensor.zeros([2, 4, 6])
        let y = try (x + x).transposed(0, 1).reshaped(to: [4, 2, 6]).splitIntoHeads(3).concatenatingHeads()
        #expect(!y.sliced(axis: 0, 1..<3).selecting(axis: 0, 1).isWatched)
        #expect(!y.isWatched)
        let watched = x.watched()
        #expect(watched.isWatched && !watched.detached().isWatched)
        #expect(try !(watched.detached() + x).isWatched && (watched + x).isWatched)
    }

    /// Only what lies on the way to the wanted tensors runs.
    @Test func needsAreKnown() throws {
        let (a, b) = (Tensor.zeros([1]).watched(), Tensor.zeros([1]).watched())
        let product = try Self.doubled(a) + Self.doubled(b, backward: { Issue.record("not asked for") })
        let y = product.recorded(as: "three inputs", from: [product, nil, b]) { gradient, needs in
            #expect(needs == [true, false, false])
            return [gradient, nil, nil]
        }
        #expect(try gradients(of: y, at: [a])[0].scalars == [2])
    }

    @Test func writingDetaches() throws {
        var x = try Tensor([1, 2], shape: [2]).watched()
        let y = try x + x
        x.withUnsafeMutableBuffer { $0[0] = 7 }
        #expect(!x.isWatched && x.scalars == [7, 2])
        #expect(y.isWatched && y.scalars == [2, 4])
    }

    /// A long chain of nodes is freed without recursion, which would need a hundred thousand stack frames.
    @Test func aLongChainIsFreed() throws {
        let x = Tensor.zeros([1]).watched()
        var y = x
        for _ in 0..<100_000 { y = y.transposed(0, 0) }
        #expect(try gradients(of: y, at: [x])[0].scalars == [1])
        y = x
    }

    /// The memory that an operation kept is freed after its backward pass, even if the result is still in
    /// use.
    @Test func activationsAreLetGo() throws {
        final class Witness: Sendable {}
        let x = Tensor.zeros([1]).watched()
        weak var seen: Witness?
        func record() throws -> Tensor {
            let witness = Witness()
            seen = witness
            return try Self.doubled(x, backward: { withExtendedLifetime(witness) {} })
        }
        let y = try record()
        #expect(seen != nil)
        _ = try gradients(of: y, at: [x])
        #expect(seen == nil)
        var z: Tensor? = try record()
        #expect(z != nil && seen != nil)
        z = nil
        #expect(seen == nil, "a result that is dropped takes its computation with it")
    }

    @Test func valueAndGradientsOfAFunction() throws {
        let points = [try Tensor([3], shape: [1]), try Tensor([4], shape: [1])]
        let found = try valueAndGradients(at: points) { try $0[0] + Self.doubled($0[1]) }
        #expect(found.value.scalars == [11] && !found.value.isWatched)
        #expect(found.gradients.map(\.scalars) == [[1], [2]])
    }

    @Test func misuse() throws {
        let (x, other) = (Tensor.zeros([2]).watched(), Tensor.zeros([3]).watched())
        let plain = Tensor.zeros([1])
        let y = try x + x
        let one = y.sliced(axis: 0, 0..<1)
        #expect(throws: GradientError.notRecorded(shape: [1])) { try gradients(of: plain, at: [x]) }
        #expect(throws: GradientError.notScalar(shape: [2])) { try gradients(of: y, at: [x]) }
        #expect(throws: GradientError.seedMismatch(expected: [2], found: [1])) {
            try gradients(of: y, seed: plain, at: [x])
        }
        #expect(throws: GradientError.notWatched(index: 1, shape: [1])) {
            try gradients(of: one, at: [x, plain])
        }
        #expect(throws: GradientError.unreached(index: 1, shape: [3])) {
            try gradients(of: one, at: [x, other])
        }
        #expect(try gradients(of: one, at: [x])[0].scalars == [2, 0], "nothing has run so far")
        let error = #expect(throws: GradientError.self) { try gradients(of: one, at: [x]) }
        #expect(error == .alreadyUsed(operation: "sum") || error == .alreadyUsed(operation: "slice"))
        #expect(throws: GradientError.alreadyUsed(operation: "sum")) {
            try gradients(of: y.sliced(axis: 0, 0..<1), at: [x])
        }
    }

    @Test func operationsThatFail() throws {
        let x = Tensor.zeros([2]).watched()
        let misshapen = Tensor.zeros([1]).recorded(as: "wrong", from: [x]) { gradient, _ in [gradient] }
        #expect(
            throws: GradientError.wrongGradient(operation: "wrong", input: 0, expected: [2], found: [1])
        ) { try gradients(of: misshapen, at: [x]) }
        let failing = Tensor.zeros([1]).recorded(as: "failing", from: [x]) { _, _ throws(TensorError) in
            throw .invalidArgument("no")
        }
        let error = #expect(throws: GradientError.failed(operation: "failing", .invalidArgument("no"))) {
            try gradients(of: failing, at: [x])
        }
        #expect(error?.description == "backward pass of 'failing': no")
    }

    /// Two tasks ask for the gradients of one computation at once. Exactly one gets them.
    @Test func oneOfTwoTasksWins() async throws {
        for _ in 0..<50 {
            let x = Tensor.zeros([1]).watched()
            let y = try Self.doubled(x)
            let won = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<2 { group.addTask { (try? gradients(of: y, at: [x])) != nil } }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(won == 1)
        }
    }

    /// Large sums are shared by threads, in runs of every length.
    @Test(arguments: InstructionSet.available) func sumsOfEveryLength(_ instructionSet: InstructionSet) throws
    {
        var random = SeededGenerator(seed: 4)
        try InstructionSet.$forced.withValue(instructionSet) {
            for count in [0, 1, 3, 4, 5, 15, 16, 17, 33, 40_000] {
                let (a, b) = (random.tensor([count]), random.tensor([count]))
                let sum = try a + b
                #expect(sum.scalars == zip(a.scalars, b.scalars).map { $0 + $1 })
                var (left, right) = (random.tensor([2, count]), a)
                let whole = left.scalars
                try left.accumulate(a.reshaped(to: [1, count]), axis: 0, start: 1)
                #expect(
                    Array(left.scalars.suffix(count)) == zip(whole.suffix(count), a.scalars).map { $0 + $1 })
                #expect(Array(left.scalars.prefix(count)) == Array(whole.prefix(count)))
                try right.accumulate(b)
                #expect(areBitwiseEqual(right, sum))
                #expect(!areBitwiseEqual(a, sum) || count == 0)
            }
        }
    }
}
