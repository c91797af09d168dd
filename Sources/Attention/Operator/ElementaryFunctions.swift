#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// The C library's functions under names that say what they are: a few of them do not earn a dependency.

extension Double {
    package static func exp(_ x: Double) -> Double { _exp(x) }
    package static func log(_ x: Double) -> Double { _log(x) }
    package static func pow(_ x: Double, _ y: Double) -> Double { _pow(x, y) }
    package static func tanh(_ x: Double) -> Double { _tanh(x) }
    package static func cos(_ x: Double) -> Double { _cos(x) }
    package static func sin(_ x: Double) -> Double { _sin(x) }
}

extension Float {
    package static func exp2(_ x: Float) -> Float { _exp2(x) }
    /// log₂ e: the kernels' exponentials are powers of two.
    package static let log2e: Float = 0x1.715476p+0
}

private func _exp(_ x: Double) -> Double { exp(x) }
private func _log(_ x: Double) -> Double { log(x) }
private func _pow(_ x: Double, _ y: Double) -> Double { pow(x, y) }
private func _tanh(_ x: Double) -> Double { tanh(x) }
private func _cos(_ x: Double) -> Double { cos(x) }
private func _sin(_ x: Double) -> Double { sin(x) }
private func _exp2(_ x: Float) -> Float { exp2f(x) }
