import AttentionTensors
import TestSupport
import Testing

/// Passes over logits.
@Suite struct LogitScanTests {
    /// A NaN or +∞ anywhere leaves no greatest number; −∞ is a number like others.
    @Test(arguments: InstructionSet.available)
    func greatestOfNumbersThatAreNotFinite(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            var random = SeededGenerator(seed: 21)
            let numbers = random.tensor([777]).scalars
            let scan = try LogitScan()
            func greatest(_ numbers: [Float]) -> Float? {
                numbers.withUnsafeBufferPointer { scan.maxima(of: $0).greatest }
            }
            #expect(greatest(numbers) == numbers.max())
            for place in [0, 63, 64, 500, 776] {
                for bad in [Float.nan, .infinity] {
                    var changed = numbers
                    changed[place] = bad
                    #expect(greatest(changed) == nil, "\(bad) at \(place)")
                }
                var changed = numbers
                changed[place] = -.infinity
                #expect(greatest(changed) == changed.max())
            }
        }
    }
}
