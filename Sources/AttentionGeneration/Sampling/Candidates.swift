import AttentionTensors

/// The tokens that may be drawn, and how probable they are beside each other.
///
/// Nothing is sorted: each cut asks which tokens come first in some order until their weight reaches a bound
/// (``FirstByKey``), and keeps them in the order of their ids.
struct Candidates {
    private let logits: UnsafeBufferPointer<Float>
    private let maximum: Float
    /// 1 / temperature
    private let scale: Float
    private let scan: LogitScan
    /// The tokens in ascending order; nil: all of them.
    private(set) var tokens: [Int32]?
    /// exp(scale · (logit − maximum)) of each, and the sums of each block of them.
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
            keepMostProbable(upTo: sampling.topP, of: total, atLeast: sampling.minP)
        } else {
            let whole = weighEnough(for: sampling.topP, maximaOfBlocks)
            keepMostProbable(upTo: sampling.topP, of: whole, atLeast: sampling.minP)
        }
        if let share = sampling.typicalP { keepTypical(upTo: share) }
    }

    /// Weighs as many of the most probable tokens as top-p can keep, or all, and returns what all weigh.
    ///
    /// A trained model's top-p keeps a few dozen tokens: then nothing that is as long as the vocabulary is written.
    private mutating func weighEnough(for share: Float?, _ maximaOfBlocks: [Float]) -> Double {
        if let share, share < 1 {
            let whole = scan.weigh(logits, maximum: maximum, scale: scale, into: nil)
                .reduce(0) { $0 + Double($1) }
            for count in [256, 2048] where count < maximaOfBlocks.count {
                weigh(TopTokens.tokens(count, of: logits, maximaOfBlocks, scan))
                if total >= Double(share) * whole { return whole }
            }
            tokens = nil
        }
        weigh(logits)
        return total
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

    private var total: Double { sums.reduce(0) { $0 + Double($1) } }

    /// Top-p and min-p. Tokens so improbable that all such together are less than what top-p leaves out need not be
    /// put in order: of a peaked distribution few are left.
    ///
    /// - Parameter whole: What all tokens weigh, of which top-p takes its share.
    private mutating func keepMostProbable(upTo share: Float?, of whole: Double, atLeast minimum: Float?) {
        guard share ?? 1 < 1 || minimum ?? 0 > 0 else { return }
        let bound = Double(share ?? 1) * whole
        let tail = share.map { Float((1 - Double($0)) * whole / Double(logits.count)) } ?? 0
        let kept = weights.withUnsafeBufferPointer {
            scan.places(of: $0, reaching: max(tail, minimum ?? 0))
        }
        keep(kept)
        guard share ?? 1 < 1 else { return }
        keep(
            weights.withUnsafeBufferPointer { weights in
                FirstByKey.places(
                    of: weights.count, until: bound, weight: { weights[$0] }, key: { ~weights[$0].bitPattern }
                )
            })
    }

    /// Typical sampling: with d = scale · (maximum − logit), a token's information is d + log Σ w, and the entropy
    /// Σ w d / Σ w + log Σ w; the logarithm is in both.
    private mutating func keepTypical(upTo share: Float) {
        let (maximum, scale) = (maximum, scale)
        let distances =
            tokens.map { tokens in tokens.map { scale * (maximum - logits[Int($0)]) } }
            ?? logits.map { scale * (maximum - $0) }
        var (sum, weighted) = (0.0, 0.0)
        for index in weights.indices where weights[index] > 0 {
            sum += Double(weights[index])
            weighted += Double(weights[index]) * Double(distances[index])
        }
        let mean = Float(weighted / sum)
        let places = weights.withUnsafeBufferPointer { weights in
            distances.withUnsafeBufferPointer { distances in
                FirstByKey.places(
                    of: weights.count, until: Double(share) * sum, weight: { weights[$0] },
                    key: { abs(distances[$0] - mean).bitPattern })
            }
        }
        keep(places)
    }

    private mutating func keep(_ places: [Int32]) {
        tokens = tokens.map { tokens in places.map { tokens[Int($0)] } } ?? places
        weights = places.map { weights[Int($0)] }
        sums = []
    }

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
        let sums = self.sums.isEmpty ? sumsOfBlocks : self.sums
        var rest = place * sums.reduce(0) { $0 + Double($1) }
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

    private var sumsOfBlocks: [Float] {
        stride(from: 0, to: weights.count, by: LogitScan.block).map { start in
            weights[start..<min(start + LogitScan.block, weights.count)].reduce(0, +)
        }
    }
}
