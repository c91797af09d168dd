import AttentionTensors
import Foundation
import TestSupport
import Testing

/// Rounding to GGUF's blocks, and back.
@Suite struct BlockQuantizationTests {
    @Test func everyHalfComesBack() {
        for bits in 0...UInt16.max {
            let value = Float(halfBits: bits)
            #expect(value.isNaN ? bits & 0x7FFF > 0x7C00 : value.halfBits == bits)
        }
        // Ties go to the even neighbour; what is beyond the largest by half a step is infinite.
        #expect(Float(1 + 0x1p-11).halfBits == 0x3C00 && Float(1 + 3 * 0x1p-11).halfBits == 0x3C02)
        #expect(
            Float(65519.9).halfBits == 0x7BFF && Float(65520).halfBits == 0x7C00
                && Float(1e9).halfBits == 0x7C00)
        #expect(
            Float(0x1p-25).halfBits == 0 && Float(0x1.8p-25).halfBits == 1
                && (-Float(0x1p-24)).halfBits == 0x8001)
    }

    /// Worked out by hand from ggml's reference: d = 2 in both.
    @Test func eightBits() throws {
        let numbers = (0..<32).map { Float([254, -254, 1, -1, 3, 5, 2.9, 0][$0 % 8]) }
        let stored = try StoredTensor(name: "w", Tensor(numbers, shape: [32]), quantizedTo: .q8_0)
        let bytes = stored.withUnsafeBytes { Array($0) }
        let block: [UInt8] = [127, 129, 1, 255, 2, 3, 1, 0]  // 0.5, 1.5 and 2.5 go away from zero
        #expect(bytes == [0x00, 0x40] + block + block + block + block)
        #expect(try stored.float32().scalars[0..<8] == [254, -254, 2, -2, 4, 6, 2, 0])
    }

    @Test func fourBits() throws {
        var numbers = [Float](repeating: 0, count: 32)
        (numbers[0], numbers[1], numbers[16], numbers[17], numbers[31]) = (-16, 16, 14, -3, 1)
        let stored = try StoredTensor(name: "w", Tensor(numbers, shape: [1, 32]), quantizedTo: .q4_0)
        let bytes = stored.withUnsafeBytes { Array($0) }
        // −16 is the first of the largest: d = 2, and 16 has to be 7 · d.
        #expect(bytes == [0x00, 0x40, 0xF0, 0x7F] + [UInt8](repeating: 0x88, count: 13) + [0x98])
        let found = try stored.float32().scalars
        #expect([found[0], found[1], found[16], found[17], found[31], found[2]] == [-16, 14, 14, -2, 2, 0])
    }

    @Test(arguments: [ElementType.q8_0, .q4_0])
    func errorsAreHalfAStep(_ type: ElementType) throws {
        var random = SeededGenerator(seed: 60)
        let x = random.tensor([77, 96])
        let found = try StoredTensor(name: "w", x, quantizedTo: type).float32().scalars
        let numbers = x.scalars
        for start in stride(from: 0, to: numbers.count, by: 32) {
            let largest = numbers[start..<start + 32].map(abs).max() ?? 0
            // The scale itself is rounded to 11 bits. Four bits reach from −8 to 7: the number opposite the
            // largest may be a whole step off.
            let step = type == .q8_0 ? largest / 127 * 0.57 : largest / 8 * 1.01
            let errors = (start..<start + 32).map { abs(numbers[$0] - found[$0]) }
            #expect(errors.allSatisfy { $0 <= step })
        }
    }

    /// No type of the K family costs more than with llama.cpp's own quantiser, whose relative errors on
    /// normal numbers are 0.0715, 0.0362 and 0.0178.
    @Test(arguments: [(ElementType.q4_K, 0.0707), (.q5_K, 0.0350), (.q6_K, 0.0176)])
    func scalesAreSearchedFor(_ type: ElementType, _ allowed: Double) throws {
        var random = SeededGenerator(seed: 61)
        let x = Tensor(shape: [64, 1024]) { numbers in
            for index in numbers.indices {
                let (u, v) = (
                    Double.random(in: 1e-9...1, using: &random), Double.random(in: 0...1, using: &random)
                )
                numbers.initializeElement(
                    at: index, to: Float(0.02 * (-2 * log(u)).squareRoot() * cos(2 * .pi * v)))
            }
        }
        let found = try StoredTensor(name: "w", x, quantizedTo: type).float32().scalars
        let squares = zip(x.scalars, found).reduce(into: (0.0, 0.0)) { sums, pair in
            sums.0 += Double(pair.0 - pair.1) * Double(pair.0 - pair.1)
            sums.1 += Double(pair.0) * Double(pair.0)
        }
        #expect((squares.0 / squares.1).squareRoot() < allowed)
    }

    /// Whole numbers times a scale that a float16 holds lie on the grid, and come back.
    @Test(arguments: [(ElementType.q4_K, 15), (.q5_K, 31), (.q6_K, 63)])
    func numbersOnTheGridStay(_ type: ElementType, _ most: Int) throws {
        var random = SeededGenerator(seed: 62)
        var numbers = (0..<512).map { _ in
            Float(Int.random(in: 0...most, using: &random) - (type == .q6_K ? 32 : 0))
        }
        // Every block reaches both ends, so that all have one scale.
        for block in 0..<32 {
            (numbers[16 * block], numbers[16 * block + 1]) = type == .q6_K ? (-32, 31) : (0, Float(most))
        }
        let stored = try StoredTensor(name: "w", Tensor(numbers, shape: [2, 256]), quantizedTo: type)
        let largest = zip(try stored.float32().scalars, numbers).map { abs($0 - $1) }.max() ?? 1
        #expect(largest <= Float(most) * 0x1p-10)
    }

    private static let made = ReducedWeightTests.blocks.filter(\.canBeQuantizedTo)

    @Test(arguments: made)
    func zerosAndTinyNumbers(_ type: ElementType) throws {
        for value in [0, -0.0, .leastNonzeroMagnitude, 1e-38] as [Float] {
            let stored = try StoredTensor(
                name: "w", Tensor(repeating: value, shape: [256]), quantizedTo: type)
            #expect(try stored.float32().scalars.allSatisfy { abs($0) <= 1e-37 })
        }
    }

    @Test(arguments: made)
    func hugeNumbers(_ type: ElementType) throws {
        // Beyond what a float16 scale can hold the result is not finite, and nothing traps.
        let x = try Tensor((0..<256).map { Float($0 - 128) * 2e36 }, shape: [256])
        _ = try StoredTensor(name: "w", x, quantizedTo: type).float32()
    }

    @Test func refusesOtherTypesAndNumbers() throws {
        #expect(throws: TensorError.self) {
            try StoredTensor(name: "w", .zeros([32, 31]), quantizedTo: .q8_0)
        }
        #expect(throws: TensorError.self) { try StoredTensor(name: "w", .zeros([]), quantizedTo: .q8_0) }
        #expect(throws: TensorError.self) { try StoredTensor(name: "w", .zeros([32]), quantizedTo: .int8) }
        #expect(throws: TensorError.self) {
            try StoredTensor(name: "w", .zeros([256]), quantizedTo: .q2_K)
        }
        for value in [Float.nan, .infinity] {
            let x = Tensor(repeating: value, shape: [32])
            #expect(throws: TensorError.self) { try StoredTensor(name: "w", x, quantizedTo: .q4_0) }
        }
        #expect(throws: TensorError.self) {
            try StoredTensor(
                name: "w", elementType: .q8_0, shape: [2, 16], bytes: [UInt8](repeating: 0, count: 34))
        }
        #expect(throws: TensorError.countMismatch(tensor: "w", expected: 64, found: 32)) {
            try StoredTensor(
                name: "w", elementType: .q4_0, shape: [2, 32], bytes: [UInt8](repeating: 0, count: 18))
        }
    }
}
