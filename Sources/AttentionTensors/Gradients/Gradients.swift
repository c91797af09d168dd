/// The gradients of a result at tensors that it was computed from, by reverse accumulation.
///
///     let w = weight.watched()
///     let loss = try lossFunction(w)
///     let gradient = try gradients(of: loss, at: [w])[0]
///
/// Operations run backwards from the latest to the earliest, and gradients that meet are added in that order:
/// the same computation gives the same bits. Each operation releases its tensors as soon as its backward pass
/// has run, so a computation's gradients can be taken once.
///
/// - Parameters:
///   - result: A single number, unless there is a seed.
///   - seed: The gradient of a later result with respect to this one, of its shape; nil: 1.
///   - points: Watched tensors, or recorded ones on the way to the result.
/// - Returns: A gradient for each of `points`, of its shape.
/// - Throws: ``GradientError``, also where the result depends on an operation without a backward pass
///   (``GradientError/noBackwardPass(operation:)``), whatever the points: its part of a gradient would be
///   missing without a word. Nothing has run, and the gradients can still be taken, unless it is
///   ``GradientError/wrongGradient(operation:input:expected:found:)`` or
///   ``GradientError/failed(operation:_:)``.
public func gradients(
    of result: Tensor, seed: Tensor? = nil, at points: [Tensor]
) throws(GradientError) -> [Tensor] {
    guard let root = result.gradientNode else { throw .notRecorded(shape: result.shape) }
    if let seed, seed.shape != result.shape {
        throw .seedMismatch(expected: result.shape, found: seed.shape)
    }
    guard seed != nil || result.elementCount == 1 else { throw .notScalar(shape: result.shape) }
    var pass = try BackwardPass(from: root, to: points)
    return try pass.run(seed: seed?.detached() ?? Tensor(repeating: 1, shape: result.shape))
}

/// The value of a function and its gradients at `points`.
///
/// - Parameters:
///   - points: Where the gradients are wanted; watched or not.
///   - function: Computes one number from watched copies of `points`.
/// - Throws: ``GradientError``; what `function` throws.
public func valueAndGradients(
    at points: [Tensor], of function: ([Tensor]) throws -> Tensor
) throws -> (value: Tensor, gradients: [Tensor]) {
    let points = points.map { $0.watched() }
    let value = try function(points)
    return (value.detached(), try gradients(of: value, at: points))
}

/// The part of a graph that lies between a result and the points where its gradient is wanted.
private struct BackwardPass {
    /// Earliest first. A node that leads to no point is not among them.
    private var nodes: [GradientNode] = []
    private var place: [ObjectIdentifier: Int] = [:]
    /// The gradient of each node's result so far.
    private var pending: [Tensor?] = []
    private let points: [ObjectIdentifier]
    private let shapes: [Shape]

    init(from root: GradientNode, to points: [Tensor]) throws(GradientError) {
        var targets: [ObjectIdentifier] = []
        for (index, point) in points.enumerated() {
            guard let node = point.gradientNode else {
                throw .notWatched(index: index, shape: point.shape)
            }
            targets.append(ObjectIdentifier(node))
        }
        self.points = targets
        shapes = points.map(\.shape)
        let isTarget = Set(targets)
        for node in Self.ancestors(of: root) {
            let id = ObjectIdentifier(node)
            let leadsToPoint = node.inputs.contains { $0.map { place[ObjectIdentifier($0)] != nil } ?? false }
            if node.isOpaque && !isTarget.contains(id) {
                throw .noBackwardPass(operation: node.operation ?? "")
            }
            guard leadsToPoint || isTarget.contains(id) else { continue }
            if leadsToPoint && node.isSpent { throw .alreadyUsed(operation: node.operation ?? "") }
            place[id] = nodes.count
            nodes.append(node)
        }
        for (index, id) in targets.enumerated() where place[id] == nil {
            throw .unreached(index: index, shape: points[index].shape)
        }
        pending = Array(repeating: nil, count: nodes.count)
    }

    /// Every node that `root` was computed from and `root` itself, earliest first.
    private static func ancestors(of root: GradientNode) -> [GradientNode] {
        var seen: Set = [ObjectIdentifier(root)]
        var found = [root]
        var next = 0
        while next < found.count {
            for case let input? in found[next].inputs where seen.insert(ObjectIdentifier(input)).inserted {
                found.append(input)
            }
            next += 1
        }
        return found.sorted { $0.number < $1.number }
    }

    mutating func run(seed: Tensor) throws(GradientError) -> [Tensor] {
        let isPoint = Set(points)
        var results: [ObjectIdentifier: Tensor] = [:]
        pending[nodes.count - 1] = seed
        while let node = nodes.popLast() {
            // A node without gradient is one whose result was not used: its inputs get nothing from it.
            guard var gradient = pending.removeLast() else { continue }
            let id = ObjectIdentifier(node)
            if isPoint.contains(id) { results[id] = gradient }
            let inputs = node.inputs.map { $0.flatMap { place[ObjectIdentifier($0)] } }
            guard inputs.contains(where: { $0 != nil }) else { continue }
            try run(node, &gradient, inputs)
        }
        return points.indices.map { results[points[$0]] ?? .zeros(shapes[$0]) }
    }

    /// Runs one operation backwards, and adds what it gives to the gradients of its inputs.
    private mutating func run(
        _ node: GradientNode, _ gradient: inout Tensor, _ inputs: [Int?]
    ) throws(GradientError) {
        let operation = node.operation ?? ""
        guard let backward = node.takeBackward() else { throw .alreadyUsed(operation: operation) }
        var wrong: GradientError?
        do throws(TensorError) {
            var parts = try backward(&gradient, inputs.map { $0 != nil })
            for (index, input) in inputs.enumerated() {
                // Out of the list, so that an unshared gradient can be added to in place.
                guard let input, index < parts.count, let part = parts[index].take() else { continue }
                guard part.fits(nodes[input].shape) else {
                    wrong = .wrongGradient(
                        operation: operation, input: index, expected: nodes[input].shape,
                        found: part.tensor.shape)
                    break
                }
                try add(part, to: input)
            }
        } catch {
            throw .failed(operation: operation, error)
        }
        if let wrong { throw wrong }
    }

    private mutating func add(_ part: GradientPart, to input: Int) throws(TensorError) {
        switch part {
        case .whole(let gradient):
            guard var sum = pending[input].take() else {
                pending[input] = gradient.detached()
                return
            }
            try sum.accumulate(gradient)
            pending[input] = sum
        case .slice(let gradient, let axis, let start):
            var sum = pending[input].take() ?? .zeros(nodes[input].shape)
            try sum.accumulate(gradient, axis: axis, start: start)
            pending[input] = sum
        }
    }
}
