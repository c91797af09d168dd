import AttentionTensors
import TestSupport
import Testing

/// Products in all orientations against sums in double precision.
@Suite struct MatrixProductTests {
    static let sizes = [1, 3, 8, 17, 24, 49, 77]

    /// How the two sides lie in memory: as they are, transposed, or with gaps in both directions.
    enum Layout: CaseIterable, Sendable { case plain, transposed, gaps }

    static func matrix(_ rows: Int, _ columns: Int, _ layout: Layout, _ random: inout SeededGenerator)
        -> Tensor
    {
        switch layout {
        case .plain: random.tensor([rows, columns])
        case .transposed: random.tensor([columns, rows]).transposed(0, 1)
        case .gaps:
            random.tensor([rows, columns + 2, 3]).selecting(axis: 2, 1).sliced(axis: 1, 1..<columns + 1)
        }
    }

    static func byDefinition(_ a: Tensor, _ b: Tensor) -> (sums: [Double], magnitude: Double) {
        let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
        let (a, b) = (a.scalars.map { Double($0) }, b.scalars.map { Double($0) })
        var sums = [Double](repeating: 0, count: m * n)
        var magnitude = 0.0
        for row in 0..<m {
            for column in 0..<n {
                var terms = 0.0
                for index in 0..<k {
                    let term = a[row * k + index] * b[index * n + column]
                    sums[row * n + column] += term
                    terms += abs(term)
                }
                magnitude = max(magnitude, terms)
            }
        }
        return (sums, magnitude)
    }

    /// A chain of k sums is off by at most k half units of its terms' sum; on the average far less: √k units.
    static func tolerance(_ magnitude: Double, depth: Int) -> Double {
        magnitude * Double(Float.ulpOfOne) * (Double(depth).squareRoot() / 2 + 1)
    }

    @Test(arguments: Layout.allCases, InstructionSet.available)
    func everyLayoutAndSize(_ left: Layout, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 40)
        try InstructionSet.$forced.withValue(instructionSet) {
            for right in Layout.allCases {
                for m in Self.sizes {
                    for k in Self.sizes {
                        let n = Self.sizes[(m + k) % Self.sizes.count]
                        let (a, b) = (Self.matrix(m, k, left, &random), Self.matrix(k, n, right, &random))
                        let found = try matrixProduct(a, b)
                        let (sums, magnitude) = Self.byDefinition(a, b)
                        try #require(found.shape == [m, n])
                        try #require(
                            largestError(found, sums) <= Self.tolerance(magnitude, depth: k),
                            "\(m)×\(k)×\(n), right side \(right)")
                    }
                }
            }
        }
    }

    /// Long sums are cut into blocks of k, and outputs into pieces for the threads, without a change of any
    /// bit.
    @Test(arguments: Layout.allCases, InstructionSet.available)
    func neitherBlocksNorThreadsNorRowsShow(_ layout: Layout, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 41)
        let (a, b) = (
            Self.matrix(101, 1100, layout, &random), Self.matrix(1100, 77, layout, &random)
        )
        try InstructionSet.$forced.withValue(instructionSet) {
            let results = try [1, 2, 3].map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                    try matrixProduct(a, b)
                }
            }
            let (sums, magnitude) = Self.byDefinition(a, b)
            #expect(largestError(results[0], sums) <= Self.tolerance(magnitude, depth: 1100))
            for result in results { #expect(areBitwiseEqual(result, results[0])) }
            for rows in [0..<1, 5..<14, 92..<101] {
                let part = try matrixProduct(a.sliced(axis: 0, rows), b)
                #expect(areBitwiseEqual(part, results[0].sliced(axis: 0, rows)))
            }
            // The layer multiplies the same chains.
            let linear = try Linear(weight: b.transposed(0, 1))(a)
            #expect(areBitwiseEqual(linear, results[0]))
        }
    }

    @Test func leadingAxes() throws {
        var random = SeededGenerator(seed: 42)
        let (a, b) = (random.tensor([2, 3, 5, 7]), random.tensor([2, 3, 7, 4]))
        let (one, both) = (b.selecting(axis: 0, 1).selecting(axis: 0, 2), try matrixProduct(a, b))
        let shared = try matrixProduct(a, one)
        let turned = try matrixProduct(
            a.transposed(2, 3).transposed(0, 1).transposed(0, 1), random.tensor([5, 4]))
        #expect(both.shape == [2, 3, 5, 4] && shared.shape == [2, 3, 5, 4] && turned.shape == [2, 3, 7, 4])
        for i in 0..<2 {
            for j in 0..<3 {
                let matrix = a.selecting(axis: 0, i).selecting(axis: 0, j)
                let expected = try matrixProduct(matrix, b.selecting(axis: 0, i).selecting(axis: 0, j))
                #expect(areBitwiseEqual(both.selecting(axis: 0, i).selecting(axis: 0, j), expected))
                #expect(
                    areBitwiseEqual(
                        shared.selecting(axis: 0, i).selecting(axis: 0, j), try matrixProduct(matrix, one)))
            }
        }
    }

    @Test func gradients() throws {
        var random = SeededGenerator(seed: 44)
        let a = random.tensor([2, 5, 7]).watched()
        for shape in [[2, 7, 4], [7, 4]] {
            let (b, dy) = (random.tensor(Shape(shape)).watched(), random.tensor([2, 5, 4]))
            let found = try AttentionTensors.gradients(of: matrixProduct(a, b), seed: dy, at: [a, b])
            var db = Tensor.zeros([7, 4])
            for i in 0..<2 {
                let (matrix, part) = (a.detached().selecting(axis: 0, i), dy.selecting(axis: 0, i))
                let right = shape.count == 2 ? b.detached() : b.detached().selecting(axis: 0, i)
                let da = try matrixProduct(part, right.transposed(0, 1))
                #expect(largestDifference(found[0].selecting(axis: 0, i), da) < 1e-5)
                let own = try matrixProduct(matrix.transposed(0, 1), part)
                if shape.count == 3 { #expect(largestDifference(found[1].selecting(axis: 0, i), own) < 1e-5) }
                db = try db + own
            }
            if shape.count == 2 { #expect(largestDifference(found[1], db) < 1e-5) }
        }
    }

    @Test func emptyProducts() throws {
        #expect(try matrixProduct(.zeros([0, 4]), .zeros([4, 3])).shape == [0, 3])
        #expect(try matrixProduct(.zeros([2, 0]), .zeros([0, 3])).scalars == [0, 0, 0, 0, 0, 0])
        #expect(try matrixProduct(.zeros([2, 4]), .zeros([4, 0])).shape == [2, 0])
        #expect(try matrixProduct(.zeros([0, 2, 4]), .zeros([0, 4, 3])).shape == [0, 2, 3])
        #expect(try sumOfRows(.zeros([0, 3])).scalars == [0, 0, 0])
        #expect(try sumOfRows(.zeros([3, 0])).shape == [0])
    }

    @Test func refusesShapesThatDoNotFit() throws {
        for (a, b) in [([4], [4, 2]), ([3, 4], [3, 2]), ([3, 4], [4]), ([2, 3, 4], [3, 4, 2])]
            as [([Int], [Int])]
        {
            #expect(throws: TensorError.self) { try matrixProduct(.zeros(Shape(a)), .zeros(Shape(b))) }
        }
        let error = #expect(throws: TensorError.self) {
            try matrixProduct(.zeros([2, 3, 4]), .zeros([5, 2]))
        }
        #expect(
            error?.description
                == "right side of a matrix product: expected shape [4, n] or [2, 4, n], found [5, 2]")
        #expect(throws: TensorError.self) { try sumOfRows(.zeros([])) }
    }

    @Test(arguments: InstructionSet.available)
    func sumsOfRows(_ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 43)
        try InstructionSet.$forced.withValue(instructionSet) {
            for (rows, width) in [(1, 1), (63, 77), (777, 199), (1030, 24)] {
                let x = random.tensor([rows, width])
                let sums = try [1, 2, 3].map { threads in
                    try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) { try sumOfRows(x) }
                }
                let (expected, magnitude) = Self.byDefinition(Tensor(repeating: 1, shape: [1, rows]), x)
                #expect(largestError(sums[0], expected) <= Self.tolerance(magnitude, depth: 64))
                for sum in sums { #expect(areBitwiseEqual(sum, sums[0])) }
            }
        }
    }
}
