import AttentionTensors

extension RotaryEmbedding.Scaling {
    /// The frequencies after scaling, and what turned vectors are multiplied by.
    func applied(
        to frequencies: [Double], base: Double
    ) throws(TensorError) -> (frequencies: [Double], magnitude: Double) {
        switch self {
        case .none: return (frequencies, 1)
        case .linear(let factor):
            try Self.requirePositive(factor, "factor")
            return (frequencies.map { $0 / factor }, 1)
        case .llama3(let factor, let low, let high, let positions):
            try Self.requirePositive(factor, "factor")
            try Self.requirePositive(low, "low-frequency factor")
            try Self.requirePositive(Double(positions), "number of original positions")
            guard high > low else {
                throw .invalidArgument(
                    "rotary scaling: the high-frequency factor \(high) is not above \(low)")
            }
            return (frequencies.map { Self.llama3($0, factor, low, high, Double(positions)) }, 1)
        case .yarn(let factor, let positions, let fast, let slow, let magnitude, let roundsRamp):
            try Self.requirePositive(factor, "factor")
            try Self.requirePositive(Double(positions), "number of original positions")
            try Self.requirePositive(slow, "number of slow turns")
            guard fast >= slow, fast.isFinite, base > 1 else {
                throw .invalidArgument("rotary scaling: \(fast) fast turns are fewer than \(slow) slow ones")
            }
            let width = 2 * frequencies.count
            // The pair, as a fraction, that turns so many times within the original positions.
            func pair(turning turns: Double) -> Double {
                Double(width) * Double.log(Double(positions) / (turns * 2 * .pi)) / (2 * Double.log(base))
            }
            var (first, last) = (pair(turning: fast), pair(turning: slow))
            if roundsRamp { (first, last) = (first.rounded(.down), last.rounded(.up)) }
            (first, last) = (max(first, 0), min(last, Double(width - 1)))
            if first == last { last += 0.001 }
            let scaled = frequencies.enumerated().map { pair, frequency in
                let ramp = min(max((Double(pair) - first) / (last - first), 0), 1)
                return frequency / factor * ramp + frequency * (1 - ramp)
            }
            return (scaled, magnitude ?? (factor > 1 ? 0.1 * Double.log(factor) + 1 : 1))
        case .divisors(let divisors, let magnitude):
            return (try Self.divided(frequencies, by: divisors), magnitude)
        case .longRope(let short, let long, let positions, let magnitude):
            try Self.requirePositive(Double(positions), "number of original positions")
            try Self.requirePositive(magnitude, "magnitude")
            _ = try Self.divided(frequencies, by: long)
            return (try Self.divided(frequencies, by: short), magnitude)
        case .dynamic(let factor, let positions):
            try Self.requirePositive(factor, "factor")
            try Self.requirePositive(Double(positions), "number of original positions")
            guard frequencies.count > 1 else {
                throw .invalidArgument("rotary scaling: more than 2 channels are needed")
            }
            return (frequencies, 1)
        }
    }

    private static func divided(
        _ frequencies: [Double], by divisors: [Float]
    ) throws(TensorError) -> [Double] {
        guard divisors.count == frequencies.count, divisors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw .invalidArgument(
                "rotary scaling: expected \(frequencies.count) positive divisors, found \(divisors.count)")
        }
        return zip(frequencies, divisors).map { $0 / Double($1) }
    }

    /// `positions` · frequency / 2π is the number of turns within the original positions.
    private static func llama3(
        _ frequency: Double, _ factor: Double, _ low: Double, _ high: Double, _ positions: Double
    ) -> Double {
        let turns = positions * frequency / (2 * .pi)
        let kept = min(max((turns - low) / (high - low), 0), 1)
        return (1 - kept) * frequency / factor + kept * frequency
    }

    private static func requirePositive(_ value: Double, _ name: String) throws(TensorError) {
        guard value > 0, value.isFinite else {
            throw .invalidArgument("rotary scaling: the \(name) must be positive, not \(value)")
        }
    }
}
