import AttentionTensors
import TestSupport
import Testing

/// Layers whose weights are stored in fewer bits than float32.
@Suite struct ReducedWeightTests {
    static let blocks: [ElementType] = [
        .q8_0, .q4_0, .q4_1, .q5_0, .q5_1, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K,
    ]
    static let types: [ElementType] = [.float16, .bfloat16] + blocks

    /// `inputs`, or as many more as make whole blocks.
    static func wide(_ inputs: Int, _ type: ElementType) -> Int {
        (inputs + type.blockLength - 1) / type.blockLength * type.blockLength
    }

    /// Blocks of any bits, with scales between 2⁻⁷ and 2⁻⁶: the types that are read and not made.
    private static func anyBlocks(
        _ outputs: Int, _ inputs: Int, _ type: ElementType, _ random: inout SeededGenerator
    ) throws -> StoredTensor {
        let count = outputs * inputs / type.blockLength
        var bytes = (0..<count * type.byteWidth).map { _ in UInt8.random(in: 0...255, using: &random) }
        let scale = type == .q2_K ? 80 : 108
        for block in 0..<count {
            for half in stride(from: 1, to: type.byteWidth - scale, by: 2) {
                bytes[block * type.byteWidth + scale + half] = 0x20
            }
        }
        return try StoredTensor(name: "weight", elementType: type, shape: [outputs, inputs], bytes: bytes)
    }

    static func weight(
        _ outputs: Int, _ inputs: Int, _ type: ElementType, _ random: inout SeededGenerator
    ) throws -> StoredTensor {
        guard type.canBeQuantizedTo else { return try anyBlocks(outputs, inputs, type, &random) }
        return try StoredTensor(name: "weight", random.tensor([outputs, inputs]), quantizedTo: type)
    }

    /// The inputs as a product with blocks sees them: rounded to a 127th of the largest of 32.
    static func rounded(_ x: Tensor) throws -> Tensor {
        Tensor(shape: x.shape) { result in
            let numbers = x.scalars
            for start in stride(from: 0, to: numbers.count, by: 32) {
                let largest = numbers[start..<start + 32].map(abs).max() ?? 0
                for index in start..<start + 32 {
                    let steps = (numbers[index] * (127 / largest)).rounded(.toNearestOrEven)
                    result.initializeElement(at: index, to: steps * (largest / 127))
                }
            }
        }
    }

    @Test(arguments: types, InstructionSet.available)
    func agreesWithItsNumbers(_ type: ElementType, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 50)
        try InstructionSet.$forced.withValue(instructionSet) {
            for (rows, inputs, outputs) in [
                (1, 32, 1), (3, 96, 17), (23, 160, 77), (7, 1056, 50), (64, 64, 199),
            ] {
                let inputs = Self.wide(inputs, type)
                let weight = try Self.weight(outputs, inputs, type, &random)
                let (x, bias) = (random.tensor([rows, inputs]), random.tensor([outputs]))
                let linear = try Linear(weight: weight, bias: bias)
                #expect(linear.inputs == inputs && linear.outputs == outputs)
                let seen = type.blockLength > 1 ? try Self.rounded(x) : x
                let (sums, magnitude) = MatrixProductTests.byDefinition(
                    seen, try weight.float32().transposed(0, 1))
                let offsets = bias.scalars
                let expected = sums.enumerated().map { $0.element + Double(offsets[$0.offset % outputs]) }
                let found = try linear(x)
                // Rounded inputs and the products of two scales are each off by half a unit more.
                let tolerance = MatrixProductTests.tolerance(magnitude + 4, depth: inputs) * 2
                #expect(largestError(found, expected) <= tolerance, "\(rows)×\(inputs)×\(outputs)")
                #expect(areBitwiseEqual(try linear(x, activation: .gelu), try Activation.gelu(found)))
            }
        }
    }

    @Test(arguments: types, InstructionSet.available)
    func neitherRowsNorThreadsShow(_ type: ElementType, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 51)
        let inputs = Self.wide(416, type)
        let (weight, bias) = (try Self.weight(203, inputs, type, &random), random.tensor([203]))
        let x = random.tensor([301, inputs])
        try InstructionSet.$forced.withValue(instructionSet) {
            let linear = try Linear(weight: weight, bias: bias)
            let results = try [1, 2, 3].map { threads in
                try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) { try linear(x) }
            }
            for result in results { #expect(areBitwiseEqual(result, results[0])) }
            for rows in [0..<1, 1..<3, 2..<9, 17..<250, 298..<301] {
                let part = try linear(x.sliced(axis: 0, rows))
                #expect(areBitwiseEqual(part, results[0].sliced(axis: 0, rows)), "rows \(rows)")
            }
        }
    }

    /// Sums inside a block are exact integers, and the rest is the same chain wherever multiply-adds are
    /// fused.
    @Test(arguments: blocks)
    func blocksGiveTheSameBitsOnEveryInstructionSet(_ type: ElementType) throws {
        var random = SeededGenerator(seed: 52)
        let (weight, x) = (
            try Self.weight(70, Self.wide(320, type), type, &random),
            random.tensor([9, Self.wide(320, type)])
        )
        let fused = InstructionSet.available.filter { $0 != .scalar }
        let results = try fused.map { set in
            try InstructionSet.$forced.withValue(set) { try Linear(weight: weight)(x) }
        }
        for result in results { #expect(areBitwiseEqual(result, results[0])) }
    }

    @Test(arguments: types, InstructionSet.available)
    func notANumberReachesItsRowAndNoOther(_ type: ElementType, _ instructionSet: InstructionSet) throws {
        var random = SeededGenerator(seed: 53)
        try InstructionSet.$forced.withValue(instructionSet) {
            let linear = try Linear(weight: Self.weight(50, Self.wide(64, type), type, &random))
            let inputs = linear.inputs
            let clean = random.tensor([13, inputs])
            let expected = try linear(clean)
            for value in [Float.nan, .infinity, -.infinity] {
                let found = try linear(clean.replacing(with: value) { $0 == 5 * inputs + 33 })
                for row in 0..<13 {
                    let (a, b) = (found.selecting(axis: 0, row), expected.selecting(axis: 0, row))
                    #expect(row == 5 ? a.scalars.allSatisfy { !$0.isFinite } : areBitwiseEqual(a, b))
                }
            }
        }
    }

    @Test(arguments: types)
    func frozenWeightsPassGradientsOn(_ type: ElementType) throws {
        var random = SeededGenerator(seed: 54)
        let weight = try Self.weight(17, Self.wide(96, type), type, &random)
        let (x, dy) = (random.tensor([5, Self.wide(96, type)]).watched(), random.tensor([5, 17]))
        let y = try Linear(weight: weight)(x)
        let dx = try gradients(of: y, seed: dy, at: [x])[0]
        #expect(areBitwiseEqual(dx, try matrixProduct(dy, weight.float32())))
    }

    @Test(arguments: types)
    func aSourceHandsItsWeightsOnAsTheyAre(_ type: ElementType) throws {
        struct Source: WeightSource {
            let label = "test"
            let weight: StoredTensor
            var tensorNames: [String] { ["weight"] }
            func storedTensor(named name: String) -> StoredTensor? { name == "weight" ? weight : nil }
        }
        var random = SeededGenerator(seed: 55)
        let inputs = Self.wide(32, type)
        let source = Source(weight: try Self.weight(6, inputs, type, &random))
        var linear = try Linear(inputs: inputs, outputs: 6, hasBias: false, from: source)
        let x = random.tensor([2, inputs])
        #expect(areBitwiseEqual(try linear(x), try Linear(weight: source.weight)(x)))
        var names: [String] = []
        try linear.forEachParameter { name, _ in names.append(name) }
        #expect(names.isEmpty)
        #expect(throws: TensorError.self) {
            try Linear(inputs: 6, outputs: inputs, hasBias: false, from: source)
        }
    }

    /// A table is read a row at a time, and its rows are those of the whole.
    @Test(arguments: types)
    func embeddingsReadTheirRows(_ type: ElementType) throws {
        var random = SeededGenerator(seed: 57)
        let table = try Self.weight(9, Self.wide(32, type), type, &random)
        let rows = try Embedding(table)([8, 0, 3, 3])
        let numbers = try table.float32()
        for (row, index) in [8, 0, 3, 3].enumerated() {
            #expect(areBitwiseEqual(rows.selecting(axis: 0, row), numbers.selecting(axis: 0, index)))
        }
        #expect(throws: TensorError.self) { try Embedding(table)([9]) }
    }

    @Test func oddAddresses() throws {
        var random = SeededGenerator(seed: 56)
        let weight = try Self.weight(5, 33, .float16, &random)
        let storage = TensorStorage(byteCount: weight.byteCount + 1)
        weight.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: storage.baseAddress + 1, count: $0.count).copyMemory(
                from: $0)
        }
        let moved = try StoredTensor(
            name: "odd", elementType: .float16, shape: [5, 33], bytes: 1..<weight.byteCount + 1, in: storage)
        let x = random.tensor([2, 33])
        #expect(areBitwiseEqual(try Linear(weight: moved)(x), try Linear(weight: weight)(x)))
    }

    @Test func refusesWhatDoesNotFit() throws {
        let flat = try StoredTensor(
            name: "flat", elementType: .float16, shape: [4], bytes: [UInt8](repeating: 0, count: 8))
        #expect(throws: TensorError.self) { try Linear(weight: flat) }
        let integers = try StoredTensor(name: "i", elementType: .int8, shape: [2, 2], bytes: [1, 2, 3, 4])
        #expect(throws: TensorError.unsupportedElementType(tensor: "i", found: .int8)) {
            try Linear(weight: integers)
        }
    }
}
