import AttentionTensors

/// The duration of `work` in seconds.
func seconds(_ work: () throws -> Void) rethrows -> Double {
    let duration = try ContinuousClock().measure(work)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

/// The median: of an even count, the mean of the two numbers in the middle.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

extension String {
    /// The text filled with spaces to `width`, on the right, or on the left.
    func padded(_ width: Int, left: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(width - count, 0))
        return left ? spaces + self : self + spaces
    }
}

extension Double {
    /// The number with `digits` digits after the point.
    func formatted(_ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((self * scale).rounded())
        guard digits > 0 else { return "\(whole)" }
        let fraction = "\(whole % Int(scale))"
        return "\(whole / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}

extension Tensor {
    /// Numbers between −√3 and √3, with variance 1, from a linear congruential generator.
    static func noise(_ shape: Shape, seed: UInt64) -> Tensor {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        return Tensor(shape: shape) { elements in
            for index in elements.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let unit = Float(state >> 40) * 0x1p-24
                elements.initializeElement(at: index, to: (unit * 2 - 1) * 1.7320508)
            }
        }
    }
}
