import Attention
import AttentionTensors
import Foundation
import TestSupport
import Testing

#if os(Linux)
    /// Memory grows with the length, not with its square. The test reads the peak of the whole process, to
    /// which tests that run at the same time add little.
    @Suite struct MemoryTests {
        /// The most memory that the process has had, in bytes.
        private func peak() throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            let kibibytes = try #require(
                line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
            return kibibytes * 1024
        }

        @Test func memoryOfLongSequencesIsLinear() throws {
            var random = SeededGenerator(seed: 70)
            let length = 8192
            let tensor = random.tensor([1, 1, length, 16])
            let before = try peak()
            for attention in [
                AttentionOperator(), AttentionOperator(mask: .causal, bias: .alibi(heads: 1)),
                AttentionOperator(
                    bias: try RelativePositionTests.bias(heads: 1, maximumDistance: 1000)),
                AttentionOperator(
                    mask: .predicate { query, key, _ in (query + key) % 64 == 0 } | .slidingWindow(before: 8)),
            ] {
                let found = try attention.forward(query: tensor, key: tensor, value: tensor)
                let totals = found.logSumExp
                let rows = try attention.weights(
                    query: tensor, key: tensor, logSumExp: totals, queries: 8190..<8192)
                #expect(rows.scalars.allSatisfy { $0 >= 0 })
                let back = try attention.backward(
                    query: tensor, key: tensor, value: tensor, output: found, outputGradient: tensor)
                #expect(back.query?.scalars.allSatisfy { $0.isFinite } == true)
            }
            let square = length * length * MemoryLayout<Float>.stride  // 256 MiB
            #expect(try peak() - before < square / 4)
        }
    }
#endif
