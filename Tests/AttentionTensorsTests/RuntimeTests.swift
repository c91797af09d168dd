import AttentionTensors
import Foundation
import TestSupport
import Testing

/// The machine's processors, instruction sets and scratch memory.
@Suite struct RuntimeTests {
    @Test func thereIsAProcessor() {
        #expect(ProcessorCount.available > 0)
        #expect(ProcessorCount.available <= 65_536)
        #expect(ProcessorCount.selected > 0)
    }

    /// Both versions of Linux's control groups, nested, with and without a limit.
    @Test(
        arguments: [
            ("0::/\n", ["cpu.max": "150000 100000\n"], 1.5),
            ("0::/\n", ["cpu.max": "max 100000\n"], nil),
            ("0::/a/b\n", ["a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n"], 3),
            ("0::/a/b\n", ["a/b/cpu.max": "50000 100000\n", "a/cpu.max": "300000 100000\n"], 0.5),
            ("0::/../../host\n", ["cpu.max": "200000 100000\n"], 2),
            (
                "3:cpu,cpuacct:/box\n0::/\n",
                [
                    "cpu,cpuacct/box/cpu.cfs_quota_us": "250000\n",
                    "cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
                ],
                2.5
            ),
            ("1:cpu:/\n", ["cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"], nil),
            ("1:cpuset:/\nnonsense\n7:\n\n", ["cpu.max": "100000 100000\n"], nil),
            ("0::/\n", ["cpu.max": "many few\n"], nil),
            ("0::/\n", ["cpu.max": "1 0\n"], nil),
        ] as [(String, [String: String], Double?)])
    func controlGroups(_ membership: String, _ files: [String: String], _ expected: Double?) throws {
        #expect(try Self.groups(membership, files) { $0.processors } == expected)
    }

    @Test(
        arguments: [
            ("0::/a\n", ["a/memory.max": "max\n", "memory.max": "3000000\n"], 3_000_000),
            ("4:memory:/box\n0::/\n", ["memory/box/memory.limit_in_bytes": "5000\n"], 5_000),
            ("0::/\n", ["memory.max": "max\n"], nil),
        ] as [(String, [String: String], Double?)])
    func memoryOfControlGroups(_ membership: String, _ files: [String: String], _ expected: Double?) throws {
        #expect(try Self.groups(membership, files) { $0.memory } == expected)
    }

    private static func groups(
        _ membership: String, _ files: [String: String], _ value: (ControlGroups) -> Double?
    ) throws -> Double? {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(text, to: name) }
        let path = try folder.write(membership, to: "membership")
        return value(ControlGroups(membership: path, root: folder.path))
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

    @Test func scratchIsAlignedAndUnshared() {
        for count in [0, 1, 100, 5_000, 1_000_000, 3] {
            MemoryPool.withFloats(count) { first in
                #expect(UInt(bitPattern: first) % 64 == 0)
                first.update(repeating: 1, count: count)
                MemoryPool.withFloats(count) { second in
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
                        return MemoryPool.withFloats(count) { memory in
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
        #expect(throws: Stop()) { try MemoryPool.withFloats(8) { _ throws(Stop) in throw Stop() } }
    }
}
