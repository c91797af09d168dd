import ArgumentParser

/// An option's value: a number that a float32 can hold. An overflow would reach the library's checks and
/// messages as "inf".
///
/// - Throws: `ValidationError`, beside which ArgumentParser shows the option and the text as it was written.
func finiteNumber(_ text: String) throws -> Float {
    guard let number = Float(text), !number.isNaN else { throw ValidationError("expected a number") }
    guard number.isFinite else {
        throw ValidationError("expected a number of a magnitude below 3.5e38")
    }
    return number
}
