import AttentionTensors
import TestSupport
import Testing

@Suite struct DropoutTests {
    static let key = RandomKey(seed: 5)

    @Test(arguments: InstructionSet.available, 1...3)
    func theSameEverywhere(_ instructionSet: InstructionSet, _ threads: Int) throws {
        var random = SeededGenerator(seed: 1)
        let x = random.tensor([23, 777])
        let words = try Self.key.words(count: x.elementCount)
        let expected = zip(x.scalars, words).map { $1 < 0x4000_0000 ? 0 : $0 * (1 / (1 - Float(0.25))) }
        let found = try InstructionSet.$forced.withValue(instructionSet) {
            try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
                let leaf = x.watched()
                let y = try leaf.dropout(0.25, key: Self.key)
                return [y] + (try gradients(of: y, seed: x, at: [leaf]))
            }
        }
        #expect(found[0].scalars == expected && found[1].scalars == expected)
    }

    @Test func dropsAsOftenAsItSays() throws {
        let ones = Tensor(repeating: 1, shape: [300, 1000])
        for probability in [0.01, 0.1, 0.5, 0.9] as [Float] {
            let found = try ones.dropout(probability, key: Self.key.folded(with: 3)).scalars
            let dropped = Double(found.count { $0 == 0 })
            let (mean, p) = (Double(found.count) * Double(probability), Double(probability))
            #expect(abs(dropped - mean) < 5 * (mean * (1 - p)).squareRoot(), "\(probability)")
            #expect(found.allSatisfy { $0 == 0 || $0 == 1 / (1 - probability) })
        }
    }

    @Test func theEnds() throws {
        let x = Tensor(repeating: 2, shape: [3, 50])
        #expect(areBitwiseEqual(try x.dropout(0, key: Self.key), x))
        #expect(try x.dropout(1, key: Self.key).scalars.allSatisfy { $0 == 0 })
        for bad in [-0.1, 1.1, .nan] as [Float] {
            #expect(throws: TensorError.self) { try x.dropout(bad, key: Self.key) }
        }
    }
}
