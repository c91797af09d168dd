import AttentionTensors
import Testing

/// What the machine offers: processors, instruction sets, scratch memory.
@Suite struct RuntimeTests {
    @Test func thereIsAProcessor() {
        #expect(ProcessorCount.available > 0)
        #expect(ProcessorCount.available <= 65_536)
        #expect(ProcessorCount.selected > 0)
    }

    @Test func scalarIsAlwaysThere() throws {
        #expect(InstructionSet.available.first == .scalar)
        #expect(Set(InstructionSet.available).count == InstructionSet.available.count)
        #expect(InstructionSet.available.contains(try InstructionSet.selected()))
    }

    @Test(arguments: InstructionSet.available)
    func aForcedInstructionSetIsUsed(_ instructionSet: InstructionSet) throws {
        try InstructionSet.$forced.withValue(instructionSet) {
            let kernels = try Kernels.selected()
            #expect(kernels.instructionSet == instructionSet)
            #expect(kernels.laneWidth > 0 && kernels.laneWidth.nonzeroBitCount == 1)
            #expect(kernels.panelWidth == kernels.laneWidth * kernels.maxVectors)
        }
    }

    @Test(arguments: InstructionSet.allCases.filter { !InstructionSet.available.contains($0) })
    func anAbsentInstructionSetFailsLoudly(_ instructionSet: InstructionSet) {
        InstructionSet.$forced.withValue(instructionSet) {
            let error = #expect(throws: TensorError.self) { try Activation.gelu(.zeros([3])) }
            #expect(error?.description.contains("'\(instructionSet.rawValue)' is not available") == true)
            #expect(throws: TensorError.self) { try Linear(weight: .zeros([3, 3])) }
        }
    }

    @Test func scratchIsAlignedAndNobodyElses() {
        for count in [0, 1, 100, 5_000, 1_000_000, 3] {
            ScratchPool.withFloats(count) { first in
                #expect(UInt(bitPattern: first) % 64 == 0)
                first.update(repeating: 1, count: count)
                ScratchPool.withFloats(count) { second in
                    #expect(second != first)
                    second.update(repeating: 2, count: count)
                }
                #expect((0..<count).allSatisfy { first[$0] == 1 })
            }
        }
    }

    @Test func scratchForManyAtOnce() async {
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<40 {
                group.addTask {
                    (0..<50).allSatisfy { round in
                        let count = 1 + (task * 97 + round * 31) % 9_000
                        return ScratchPool.withFloats(count) { memory in
                            memory.update(repeating: Float(task), count: count)
                            return (0..<count).allSatisfy { memory[$0] == Float(task) }
                        }
                    }
                }
            }
            for await isMine in group { #expect(isMine) }
        }
    }

    @Test func scratchPassesErrorsOn() {
        struct Stop: Error, Equatable {}
        #expect(throws: Stop()) { try ScratchPool.withFloats(8) { _ throws(Stop) in throw Stop() } }
    }
}
