import AttentionTensors
import Testing

/// Rounding to 16-bit floats: the nearest number, and of two the even one.
@Suite struct HalfRoundingTests {
    @Test(arguments: [(ElementType.bfloat16, Float(0x1p-8)), (.float16, 0x1p-11)])
    func tiesGoToTheEvenNumber(_ type: ElementType, _ half: Float) throws {
        // Halves of the distance between neighbours above 1.
        let numbers = [1 + half, 1 + 3 * half, 1 + half * 1.0009765625, -(1 + half), -(1 + 3 * half)]
        let stored = try StoredTensor(
            name: "x", Tensor(numbers, shape: [numbers.count]), quantizedTo: type)
        #expect(
            try stored.float32().scalars == [1, 1 + 4 * half, 1 + 2 * half, -1, -(1 + 4 * half)])
    }
}
