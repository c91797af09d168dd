import Attention
import AttentionTensors
import TestSupport

/// Problems with gradients of every kind, for the tests of the backward pass.
struct BackwardCase: CustomStringConvertible, Sendable {
    let forward: TiledPathTests.Case

    var description: String { forward.testDescription }

    init(_ name: String, _ forward: TiledPathTests.Case, _ parameters: AttentionOperator? = nil) {
        var forward = forward
        forward.name = name
        if let parameters { forward.parameters = parameters }
        self.forward = forward
    }

    struct Inputs {
        let query, key, value, outputGradient: Tensor
    }

    func inputs(seed: UInt64) -> Inputs {
        let (query, key, value) = forward.tensors(seed: seed)
        var random = SeededGenerator(seed: seed &+ 1000)
        return Inputs(
            query: query, key: key, value: value,
            outputGradient: random.tensor(Shape(query.shape.dropLast() + [value.shape[3]])))
    }

    /// The gradients of `attention` by the tiled path.
    static func gradients(
        _ attention: AttentionOperator, _ inputs: Inputs, of wanted: AttentionOperator.Inputs = .all
    ) throws -> AttentionOperator.Gradients {
        let output = try attention.forward(query: inputs.query, key: inputs.key, value: inputs.value)
        return try attention.backward(
            query: inputs.query, key: inputs.key, value: inputs.value, output: output,
            outputGradient: inputs.outputGradient, of: wanted)
    }

    static var all: [BackwardCase] {
        get throws {
            try TiledPathTests.shapes.map { BackwardCase("shape", $0) }
                + TiledPathTests.variants.map { BackwardCase($0.name, $0) } + learnt + segments
        }
    }

    /// Parameters that are learnt, in every shape that they may have.
    private static var learnt: [BackwardCase] {
        get throws {
            var random = SeededGenerator(seed: 6)
            let base = TiledPathTests.Case(
                batch: 2, heads: 4, keyHeads: 2, queries: 53, keys: 70, width: 24, valueWidth: 17)
            let (sinks, slopes) = (random.tensor([4]), random.tensor([4], scale: 0.1))
            let temperatures = Tensor(shape: [4]) { for head in 0..<4 { $0[head] = 0.1 + 0.1 * Float(head) } }
            let dropout = try AttentionDropout(rate: 0.3, key: RandomKey(seed: 8))
            let biases = [
                [70], [53, 70], [1, 70], [4, 53, 70], [1, 53, 70], [2, 1, 1, 70], [1, 4, 53, 70],
                [2, 4, 53, 70],
            ]
            return biases.map { shape in
                // One extent alone is no bias of attention's.
                let shape = shape.count == 1 ? [1] + shape : shape
                return BackwardCase(
                    "bias \(shape)", base,
                    AttentionOperator(mask: .causal, bias: .additive(random.tensor(Shape(shape)))))
            } + [
                BackwardCase(
                    "sinks", base, AttentionOperator(mask: .causal, alignment: .offset(-9), sinks: sinks)),
                BackwardCase(
                    "slopes", base,
                    AttentionOperator(mask: .causal, bias: .alibi(slopes: slopes), alignment: .bottomRight)),
                BackwardCase(
                    "temperatures", base, AttentionOperator(score: .cosine(temperature: temperatures))),
                BackwardCase(
                    "relative positions", base,
                    AttentionOperator(
                        mask: .causal,
                        bias: try RelativePositionTests.bias(heads: 4, buckets: 9, isBidirectional: false),
                        alignment: .bottomRight)),
                BackwardCase(
                    "relative positions, an additive bias and a softcap", base,
                    AttentionOperator(
                        softcap: 3,
                        bias: try RelativePositionTests.bias(heads: 4, buckets: 8, maximumDistance: 11)
                            + .additive(random.tensor([1, 53, 70])))),
                BackwardCase("dropout", base, AttentionOperator(dropout: dropout)),
                BackwardCase(
                    "everything", base,
                    AttentionOperator(
                        score: .cosine(temperature: temperatures), softcap: 4,
                        mask: .predicate { ($0 + 2 * $1) % 7 < 4 } & .keyPadding(lengths: [61, 0]),
                        bias: try .alibi(slopes: slopes) + .additive(random.tensor([1, 53, 70])),
                        sinks: sinks, dropout: dropout)),
            ]
        }
    }

    /// Several segments of keys, and several blocks of queries.
    private static var segments: [BackwardCase] {
        get throws {
            let base = TiledPathTests.Case(heads: 2, keyHeads: 1, queries: 310, keys: 1200, width: 8)
            let long = TiledPathTests.Case(queries: 1100, keys: 1100, width: 4, valueWidth: 3)
            return [
                BackwardCase("segments", base),
                BackwardCase("segments, causal", long, AttentionOperator(mask: .causal)),
                BackwardCase(
                    "segments, window", long, AttentionOperator(mask: .slidingWindow(before: 70, after: 9))),
                BackwardCase(
                    "segments, predicate", long,
                    AttentionOperator(mask: .predicate { $1 <= $0 && $1 + 300 > $0 })
                ),
                BackwardCase(
                    "segments, relative positions", base,
                    AttentionOperator(bias: try RelativePositionTests.bias(heads: 2, maximumDistance: 300))),
                BackwardCase(
                    "segments, predicate, relative positions", long,
                    AttentionOperator(
                        mask: .predicate { $1 <= $0 && ($1 + $0) % 3 > 0 },
                        bias: try RelativePositionTests.bias(heads: 1, isBidirectional: false))),
            ]
        }
    }
}

extension AttentionBias {
    /// This bias with other numbers in some of its parts.
    func replacing(
        additive: Tensor? = nil, slopes: Tensor? = nil, table: Tensor? = nil
    ) throws -> AttentionBias {
        var result = AttentionBias.none
        if let additive = additive ?? self.additive { result = try result + .additive(additive) }
        if let slopes = slopes ?? self.slopes { result = try result + .alibi(slopes: slopes) }
        if let relative {
            let other = try RelativePositionBias(
                table: table ?? relative.table, isBidirectional: relative.isBidirectional,
                maximumDistance: relative.maximumDistance)
            result = try result + .relative(other)
        }
        return result
    }
}

extension AttentionOperator.Gradients {
    var all: [(name: String, tensor: Tensor?)] {
        [
            ("query", query), ("key", key), ("value", value), ("bias", bias), ("slopes", slopes),
            ("relative", relative), ("temperature", temperature), ("sinks", sinks),
        ]
    }
}
