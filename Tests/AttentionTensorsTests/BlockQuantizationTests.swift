import AttentionTensors
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
            // The scale itself is rounded to 11 bits. Four bits reach from −8 to 7: the number opposite the largest may be a whole step off.
            let step = type == .q8_0 ? largest / 127 * 0.57 : largest / 8 * 1.01
            let errors = (start..<start + 32).map { abs(numbers[$0] - found[$0]) }
            #expect(errors.allSatisfy { $0 <= step })
        }
    }

    @Test(arguments: [ElementType.q8_0, .q4_0])
    func zerosAndTinyNumbers(_ type: ElementType) throws {
        for value in [0, -0.0, .leastNonzeroMagnitude, 1e-38] as [Float] {
            let stored = try StoredTensor(name: "w", Tensor(repeating: value, shape: [32]), quantizedTo: type)
            #expect(try stored.float32().scalars.allSatisfy { abs($0) <= 1e-37 })
        }
    }

    @Test func whatCannotBeRounded() throws {
        #expect(throws: TensorError.self) {
            try StoredTensor(name: "w", .zeros([32, 31]), quantizedTo: .q8_0)
        }
        #expect(throws: TensorError.self) { try StoredTensor(name: "w", .zeros([]), quantizedTo: .q8_0) }
        #expect(throws: TensorError.self) { try StoredTensor(name: "w", .zeros([32]), quantizedTo: .int8) }
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
