import Attention
import AttentionTensors

/// The tokens that may be drawn, and how probable they are beside each other.
///
/// Nothing is sorted: each cut asks which tokens come first in some order until their weight reaches a bound
/// (``FirstByOrder``), and makes the weights of the others 0.
struct Candidates {
    private let logits: UnsafeBufferPointer<Float>
    private let maximum: Float
    /// 1 / temperature
    private let scale: Float
    private let scan: LogitScan
    /// The tokens in ascending order; nil: all of them.
    private(set) var tokens: [Int32]?
    /// exp(scale · (logit − maximum)) of each, 0 for those that may not be drawn, and the sums of each block
    /// of them.
    private(set) var weights: [Float] = []
    private var sums: [Float] = []

    /// - Parameters:
    ///   - logits: `[V]`, which must outlive the candidates.
    ///   - maximum: The greatest of them.
    ///   - maximaOfBlocks: The greatest of each block.
    init(
        _ logits: UnsafeBufferPointer<Float>, maximum: Float, maximaOfBlocks: [Float], _ scan: LogitScan,
        _ sampling: Sampling
    ) {
        self.logits = logits
        self.maximum = maximum
        self.scan = scan
        scale = 1 / sampling.temperature
        if let topK = sampling.topK, topK < logits.count {
            weigh(TopTokens.tokens(topK, of: logits, maximaOfBlocks, scan))
        } else {
            weigh(logits)
        }
        keepMostProbable(upTo: sampling.topP ?? 1, atLeast: sampling.minP ?? 0)
        if let share = sampling.typicalP, share < 1 { keepTypical(upTo: share) }
        if let least = sampling.epsilonCutoff, least > 0 { keep(from: Double(least)) }
        if let epsilon = sampling.etaCutoff, epsilon > 0 {
            keep(from: min(Double(epsilon), Double(epsilon).squareRoot() * exponentialOfNegativeEntropy))
        }
    }

    private mutating func weigh(_ tokens: [Int32]) {
        self.tokens = tokens
        tokens.map { logits[Int($0)] }.withUnsafeBufferPointer { weigh($0) }
    }

    private mutating func weigh(_ logits: UnsafeBufferPointer<Float>) {
        weights = [Float](unsafeUninitializedCapacity: logits.count) { weights, count in
            sums = scan.weigh(logits, maximum: maximum, scale: scale, into: weights.baseAddress)
            count = logits.count
        }
    }

    /// Top-p and min-p. Tokens so improbable that all such together are less than what top-p leaves out need
    /// not be put in order: of a peaked distribution few are left.
    private mutating func keepMostProbable(upTo share: Float, atLeast minimum: Float) {
        guard share < 1 || minimum > 0 else { return }
        let (total, scan, vocabulary) = (total, scan, logits.count)
        sums = weights.withUnsafeMutableBufferPointer { weights in
            let order = UnsafeBufferPointer(weights)
            guard share < 1 else {
                return scan.keep(weights, orderedBy: order, boundary: minimum)
            }
            let tail = Float((1 - Double(share)) * total / Double(vocabulary))
            let floor = max(tail, minimum)
            return FirstByOrder.keep(
                weights, orderedBy: order, until: Double(share) * total, from: floor,
                .init(from: floor, to: 1), scan)
        }
    }

    /// Keeps the tokens that are at least so probable, and the most probable one.
    private mutating func keep(from probability: Double) {
        let greatest = weights.reduce(0) { max($0, $1) }
        let boundary = min(Float(probability * total), greatest)
        let scan = scan
        sums = weights.withUnsafeMutableBufferPointer { weights in
            scan.keep(weights, orderedBy: UnsafeBufferPointer(weights), boundary: boundary)
        }
    }

    /// exp(−H) with the entropy H = Σ w d / Σ w + log Σ w.
    private var exponentialOfNegativeEntropy: Double {
        func value(_ logits: UnsafeBufferPointer<Float>) -> Double {
            let sums = weights.withUnsafeBufferPointer {
                scan.information(of: logits, weights: $0, maximum: maximum, scale: scale)
            }
            return Double.exp(-sums.information / sums.weight) / sums.weight
        }
        guard let tokens else { return value(logits) }
        return tokens.map { logits[Int($0)] }.withUnsafeBufferPointer(value)
    }

    /// Typical sampling: with d = scale · (maximum − logit), a token's information is d + log Σ w, and the
    /// entropy Σ w d / Σ w + log Σ w; the logarithm is in both.
    private mutating func keepTypical(upTo share: Float) {
        guard let tokens else { return keepTypical(logits, upTo: share) }
        tokens.map { logits[Int($0)] }.withUnsafeBufferPointer { keepTypical($0, upTo: share) }
    }

    private mutating func keepTypical(_ logits: UnsafeBufferPointer<Float>, upTo share: Float) {
        let (maximum, scale, scan) = (maximum, scale, scan)
        sums = weights.withUnsafeMutableBufferPointer { weights in
            let sums = scan.information(
                of: logits, weights: UnsafeBufferPointer(weights), maximum: maximum, scale: scale)
            let order = scan.closeness(
                of: logits, maximum: maximum, scale: scale, to: Float(sums.information / sums.weight))
            return order.withUnsafeBufferPointer { order in
                // Most of the weight lies between a thousandth and a hundred of distance.
                FirstByOrder.keep(
                    weights, orderedBy: order, until: Double(share) * sums.weight, from: 0,
                    .init(
                        from: LogitScan.closeness(atDistance: 64),
                        to: LogitScan.closeness(atDistance: 0x1p-10)), scan)
            }
        }
    }

    private var total: Double { sums.reduce(0) { $0 + Double($1) } }

    var probabilities: [Int: Float] {
        let total = weights.reduce(0.0) { $0 + Double($1) }
        return weights.indices.reduce(into: [:]) { probabilities, index in
            guard weights[index] > 0 else { return }
            probabilities[tokens.map { Int($0[index]) } ?? index] = Float(Double(weights[index]) / total)
        }
    }

    /// The token in whose part of the line from 0 to 1 `place` lies. Its weight is not 0.
    func token(at place: Double) -> Int {
        let block = LogitScan.block
        var rest = place * total
        // Rounding may lead past the end: then the last one that can be drawn is taken.
        var chosen = 0
        for (number, sum) in sums.enumerated() where sum > 0 {
            chosen = number
            if rest < Double(sum) { break }
            rest -= Double(sum)
        }
        var index = 0
        for candidate in chosen * block..<min(chosen * block + block, weights.count)
        where weights[candidate] > 0 {
            index = candidate
            if rest < Double(weights[candidate]) { break }
            rest -= Double(weights[candidate])
        }
        return tokens.map { Int($0[index]) } ?? index
    }
}
