import AttentionTensors
import Testing

/// Random numbers without a state: the same everywhere, and random.
@Suite struct RandomKeyTests {
    @Test(arguments: InstructionSet.available)
    func theSameNumbersOnEveryInstructionSet(_ instructionSet: InstructionSet) throws {
        let key = RandomKey(seed: 1)
        let words = try InstructionSet.$forced.withValue(instructionSet) { try key.words(count: 200) }
        // Stored, so that no later version draws others: a resumed training run must go on as it began.
        #expect(Array(words.prefix(4)) == Self.firstWords)
        let scalar = try InstructionSet.$forced.withValue(.scalar) { try key.words(count: 200) }
        #expect(words == scalar)
        let part = try InstructionSet.$forced.withValue(instructionSet) {
            try key.words(first: 64, count: 77)
        }
        #expect(part == Array(words[64..<141]))
    }

    private static let firstWords: [UInt32] = [0xf797_a907, 0x1114_7932, 0x827f_0bc7, 0x04dd_d580]

    /// Every bit is set half of the time, and flips half of the time from one place, or one key, to the next.
    @Test func bitsAreBalancedAndIndependent() throws {
        let count = 1 << 16
        let key = RandomKey(seed: 2)
        let words = try key.words(count: count)
        let neighbours = try key.folded(with: 1).words(count: count)
        let others = try key.folded(with: 2).words(count: count)
        let next = zip(words, words.dropFirst()).map { $0 ^ $1 }
        let deviations = 5 / (4 * Double(count)).squareRoot()  // five standard deviations of a share
        for bit in 0..<32 {
            for series in [
                words, next, zip(words, neighbours).map { $0 ^ $1 }, zip(others, neighbours).map { $0 ^ $1 },
            ] {
                let share = Double(series.reduce(0) { $0 + Int($1 >> bit & 1) }) / Double(series.count)
                #expect(abs(share - 0.5) < deviations, "bit \(bit)")
            }
        }
    }

    /// χ² of the upper and of the lower byte, 255 degrees of freedom (mean 255, deviation 22.6).
    @Test func bytesAreUniform() throws {
        for seed in 0..<8 {
            let words = try RandomKey(seed: UInt64(seed)).words(count: 1 << 16)
            for shift in [0, 24] {
                var counts = [Int](repeating: 0, count: 256)
                for word in words { counts[Int(word >> shift & 255)] += 1 }
                let chiSquared = counts.reduce(0.0) { $0 + Double(($1 - 256) * ($1 - 256)) / 256 }
                #expect((255 - 5 * 22.6...255 + 5 * 22.6).contains(chiSquared), "seed \(seed)")
            }
        }
    }

    @Test func foldingMakesKeysThatDiffer() {
        let key = RandomKey(seed: 0)
        var keys: Set = [key, RandomKey(seed: 1)]
        for part in -50..<50 { keys.insert(key.folded(with: part)) }
        for part in 0..<50 { keys.insert(key.folded(with: 1).folded(with: part)) }
        #expect(keys.count == 152)
        #expect(key.folded(with: 1).folded(with: 2) != key.folded(with: 2).folded(with: 1))
    }
}
