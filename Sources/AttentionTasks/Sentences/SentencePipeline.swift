import AttentionFiles
import AttentionJSON
import AttentionModels
import AttentionTensors

/// The modules of a sentence-transformers model after its encoder: how the vectors of a text's tokens become
/// one vector.
///
/// As in the library, modules read and write named features. `token_embeddings` has a row for each token,
/// `sentence_embedding`, the result, one for each text.
struct SentencePipeline: Sendable {
    /// A module with the features that it reads and writes.
    struct Step: Sendable {
        let module: Module
        let input, output: ExactString
    }

    enum Module: Sendable {
        /// Several poolings stand side by side in the result.
        case pooling([Pooling], leavesOutPrompt: Bool)
        case dense(Dense)
        case layerNorm(LayerNorm)
        case unitLength
    }

    /// act(x · Wᵀ + b), and x or x · Rᵀ on top of it where there is a residual.
    struct Dense: Sendable {
        let linear: Linear
        let activation: Function
        let residual: Residual

        enum Residual: Sendable {
            case none, input
            case projected(Linear)
        }
        enum Function: Sendable {
            case activation(Activation)
            case sigmoid
        }
    }

    static let tokens: ExactString = "token_embeddings"
    static let sentence: ExactString = "sentence_embedding"

    private(set) var steps: [Step]
    /// The numbers of a text's vector.
    private(set) var width: Int
    /// Only the first so many numbers of the result are kept; nil: all.
    private var keptWidth: Int?

    /// Pooling alone.
    ///
    /// - Parameter width: M
    init(_ pooling: Pooling, width: Int, normalizes: Bool = false) {
        steps = [
            Step(
                module: .pooling([pooling], leavesOutPrompt: false), input: Self.tokens,
                output: Self.sentence)
        ]
        if normalizes {
            steps.append(Step(module: .unitLength, input: Self.sentence, output: Self.sentence))
        }
        self.width = width
    }

    init(steps: [Step], width: Int) { (self.steps, self.width) = (steps, width) }

    mutating func keep(_ width: Int) {
        guard width < self.width else { return }
        (keptWidth, self.width) = (width, width)
    }

    /// Whether a prompt's tokens have no part in the result other than that the text's tokens see them.
    var leavesOutPrompt: Bool {
        steps.contains { step in
            if case .pooling(_, leavesOutPrompt: true) = step.module { true } else { false }
        }
    }

    /// - Parameters:
    ///   - hidden: `[tokens, M]`, the texts end to end.
    ///   - ranges: Where each text lies.
    ///   - promptLength: How many tokens of each text are a prompt's.
    /// - Returns: `[texts, width]`
    func callAsFunction(
        _ hidden: Tensor, ranges: [Range<Int>], promptLength: Int
    ) throws(TensorError) -> Tensor {
        var features = [Self.tokens: hidden]
        for step in steps {
            guard let input = features[step.input] else { continue }  // excluded where steps are read
            switch step.module {
            case .pooling(let poolings, let leavesOutPrompt):
                let pooled = try poolings.map { pooling throws(TensorError) in
                    try pooling(input, ranges: ranges, skipping: leavesOutPrompt ? promptLength : 0)
                }
                features[step.output] = Self.sideBySide(pooled)
            case .dense(let dense): features[step.output] = try dense(input)
            case .layerNorm(let norm): features[step.output] = try norm(input)
            case .unitLength: features[step.output] = try input.normalized()
            }
        }
        guard let result = features[Self.sentence] else {
            throw .invalidArgument("no module makes \(Self.sentence)")
        }
        return keptWidth.map { result.sliced(axis: 1, 0..<$0) } ?? result
    }

    /// `[rows, Σ widths]`
    private static func sideBySide(_ parts: [Tensor]) -> Tensor {
        guard parts.count > 1 else { return parts[0] }
        let rows = parts[0].shape[0]
        let width = parts.reduce(0) { $0 + $1.shape[1] }
        let numbers = parts.map(\.scalars)
        return Tensor(shape: [rows, width]) { output in
            var next = 0
            for row in 0..<rows {
                for (part, numbers) in zip(parts, numbers) {
                    for channel in 0..<part.shape[1] {
                        output.initializeElement(at: next, to: numbers[row * part.shape[1] + channel])
                        next += 1
                    }
                }
            }
        }
    }
}

extension SentencePipeline.Dense {
    func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
        let y: Tensor
        switch activation {
        case .activation(let activation): y = try linear(x, activation: activation)
        // σ(x) = (1 + tanh(x / 2)) / 2
        case .sigmoid:
            let half = try Activation.tanh(linear(x) * 0.5) * 0.5
            y = try half + Tensor(repeating: 0.5, shape: half.shape)
        }
        switch residual {
        case .none: return y
        case .input: return try y + x
        case .projected(let projection): return try y + projection(x)
        }
    }
}
