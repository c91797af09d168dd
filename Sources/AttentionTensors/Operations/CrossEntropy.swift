import CAttentionKernels

/// The cross-entropy of logits z against the target class t:
///
///     loss = (1 − ε) · w_t · (L − z_t) + ε / C · Σⱼ wⱼ (L − zⱼ),   L = log Σⱼ exp zⱼ
///
/// with class weights w and label smoothing ε (arXiv:1512.00567), as PyTorch's `cross_entropy`.
///
/// Probabilities are never held. The backward pass makes them row by row, in the logits' own memory if no
/// other tensor shares it: `try crossEntropy(head(hidden), targets: tokens)` holds one tensor of the logits'
/// size.
public struct CrossEntropy: Sendable {
    /// The reduction of the rows' losses to the result.
    public enum Reduction: Sendable, CaseIterable {
        /// Their sum over the sum of their targets' weights; 0 if there is none.
        case mean
        case sum
        /// One loss for each row.
        case none
    }

    /// ε: the part of the target that is spread over all classes.
    public var labelSmoothing: Float
    /// `[C]`, not watched; nil: ones. They are constants, which have no gradient.
    public var classWeights: Tensor?
    /// The target that marks a row without a loss, such as padding.
    public var ignoredTarget: Int?
    /// What becomes of the rows' losses.
    public var reduction: Reduction

    /// The plain loss, unless a setting says otherwise.
    public init(
        labelSmoothing: Float = 0, classWeights: Tensor? = nil, ignoredTarget: Int? = nil,
        reduction: Reduction = .mean
    ) {
        self.labelSmoothing = labelSmoothing
        self.classWeights = classWeights
        self.ignoredTarget = ignoredTarget
        self.reduction = reduction
    }

    /// - Parameters:
    ///   - logits: `[…, C]`
    ///   - targets: A class for each row of `logits`, in row-major order.
    /// - Returns: A scalar, `[]`, or `[…]` without reduction.
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``;
    ///   ``TensorError/countMismatch(tensor:expected:found:)`` if there are not as many targets as rows;
    ///   ``TensorError/invalidArgument(_:)`` for a target that is no class, or a label smoothing outside 0…1;
    ///   ``TensorError/noGradient(tensor:)`` for class weights that are watched.
    public func callAsFunction(_ logits: Tensor, targets: [Int]) throws(TensorError) -> Tensor {
        var rows = try CrossEntropyRows(self, logits: logits, targets: targets)
        let losses = rows.forward(logits)
        let value = reduced(losses, rows)
        guard logits.isWatched else { return value }
        let kept = KeptTensor(logits.detached())
        let done = rows
        let reduction = reduction
        return value.recorded(as: "cross-entropy", from: logits) { gradient in
            let scale = reduction == .mean ? done.meanScale : 1
            let each =
                reduction == .none
                ? gradient.scalars : Array(repeating: gradient.scalars[0] * scale, count: done.targets.count)
            return done.backward(kept.take(), gradients: each)
        }
    }

    private func reduced(_ losses: Tensor, _ rows: CrossEntropyRows) -> Tensor {
        guard reduction != .none else { return losses }
        // In double precision, and in the rows' order.
        let sum = losses.scalars.reduce(into: 0.0) { $0 += Double($1) }
        return Tensor(repeating: Float(reduction == .mean ? sum * Double(rows.meanScale) : sum), shape: [])
    }
}

/// The checked rows of one call, with the numbers that the backward pass needs.
struct CrossEntropyRows: Sendable {
    let shape: Shape
    let classes: Int
    /// A class, or −1 for a row that is ignored.
    let targets: [Int64]
    /// 1 / Σ w_t over the rows that count; 0 if there is none.
    let meanScale: Float
    private let smoothing: Float
    private let weights: Tensor?
    private let weightSum: Float
    private let kernels: Kernels
    /// `[2, rows]`: L of each row as the sum of two numbers, the greatest logit and what is above it.
    private var totals: Tensor

    init(_ loss: CrossEntropy, logits: Tensor, targets: [Int]) throws(TensorError) {
        guard let classes = logits.shape.last, classes > 0 else {
            throw .shapeMismatch(tensor: "logits", expected: "[…, classes]", found: logits.shape)
        }
        try self.init(loss, shape: Shape(logits.shape.dropLast()), classes: classes, targets: targets)
    }

    init(_ loss: CrossEntropy, shape: Shape, classes: Int, targets: [Int]) throws(TensorError) {
        guard targets.count == shape.elementCount else {
            throw .countMismatch(tensor: "targets", expected: shape.elementCount, found: targets.count)
        }
        for (row, target) in targets.enumerated()
        where target != loss.ignoredTarget && !(0..<classes).contains(target) {
            throw .invalidArgument(
                "target \(target) of row \(row) is outside the \(classes) classes (0 to \(classes - 1))")
        }
        guard (0...1).contains(loss.labelSmoothing) else {
            throw .invalidArgument("label smoothing is from 0 to 1, not \(loss.labelSmoothing)")
        }
        if let weights = loss.classWeights, weights.shape != [classes] {
            throw .shapeMismatch(tensor: "class weights", expected: "[\(classes)]", found: weights.shape)
        }
        if loss.classWeights?.isWatched == true { throw .noGradient(tensor: "class weights") }
        self.shape = shape
        self.classes = classes
        self.targets = targets.map { $0 == loss.ignoredTarget ? -1 : Int64($0) }
        smoothing = loss.labelSmoothing
        weights = loss.classWeights?.contiguous()
        let values = weights?.scalars
        weightSum = values.map { Float($0.reduce(into: 0.0) { $0 += Double($1) }) } ?? Float(classes)
        let total = self.targets.reduce(into: 0.0) {
            if $1 >= 0 { $0 += Double(values?[Int($1)] ?? 1) }
        }
        meanScale = total == 0 ? 0 : Float(1 / total)
        kernels = try Kernels.selected()
        totals = .zeros([2, targets.count])
    }

    /// The loss of each row.
    mutating func forward(_ logits: Tensor) -> Tensor {
        let logits = logits.contiguous()
        var totals = Tensor.zeros(totals.shape)
        let losses = Tensor(shape: shape) { losses in
            totals.withUnsafeMutableBuffer { totals in
                logits.withElementPointer { logits in
                    forEachBlock(logits, totals.baseAddress!) { rows, first in
                        kernels.table.pointee.operations.cross_entropy(rows, losses.baseAddress! + first)
                    }
                }
            }
        }
        self.totals = totals
        return losses
    }

    /// The gradient of the logits, in their memory if no other tensor shares it.
    ///
    /// - Parameter gradients: The gradient of each row's loss.
    func backward(_ logits: consuming Tensor, gradients: [Float]) -> Tensor {
        guard logits.isWritableInPlace() else {
            let source = logits.contiguous()
            return Tensor(shape: source.shape) { out in
                source.withElementPointer { backward($0, gradients, into: out.baseAddress!) }
            }
        }
        logits.withUnsafeMutableBuffer { backward($0.baseAddress!, gradients, into: $0.baseAddress!) }
        return logits
    }

    private func backward(
        _ logits: UnsafePointer<Float>, _ gradients: [Float], into out: UnsafeMutablePointer<Float>
    ) {
        totals.withElementPointer { totals in
            gradients.withUnsafeBufferPointer { gradients in
                // The backward kernel only reads the totals.
                forEachBlock(logits, UnsafeMutablePointer(mutating: totals)) { rows, first in
                    kernels.table.pointee.operations.cross_entropy_backward(
                        rows, gradients.baseAddress! + first, out + first * classes, classes)
                }
            }
        }
    }

    /// Calls `body` with blocks of rows, on all threads.
    private func forEachBlock(
        _ logits: UnsafePointer<Float>, _ totals: UnsafeMutablePointer<Float>,
        _ body: (UnsafePointer<ak_cross_entropy>, _ first: Int) -> Void
    ) {
        targets.withUnsafeBufferPointer { targets in
            withOptionalPointer(weights) { weights in
                forEachRowBlock(rows: targets.count, width: classes) { first, count in
                    var rows = ak_cross_entropy(
                        logits: logits + first * classes, logits_row: classes, rows: Int64(count),
                        classes: Int64(classes), targets: targets.baseAddress! + first,
                        class_weights: weights,
                        weight_sum: weightSum, smoothing: smoothing, maximum: totals + first,
                        log_total: totals + targets.count + first)
                    body(&rows, first)
                }
            }
        }
    }
}
