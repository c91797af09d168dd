import AttentionTensors
import Testing

/// A message says what, where, what was expected and what was found.
@Suite struct TensorErrorTests {
    @Test(arguments: [
        (TensorError.invalidShape([-1], reason: "an extent is negative"), ["[-1]", "negative"]),
        (.shapeMismatch(tensor: "key", expected: "[1, 2]", found: [3]), ["key", "[1, 2]", "[3]"]),
        (.missingTensor(name: "w", source: "model.safetensors"), ["'w'", "model.safetensors"]),
        (.unsupportedElementType(tensor: "w", found: .int8), ["w", "int8"]),
        (.countMismatch(tensor: "w", expected: 3, found: 4), ["w", "3", "4"]),
        (
            .instructionSetUnavailable(requested: "mmx", available: ["scalar", "avx2"]),
            ["mmx", "scalar, avx2"]
        ),
        (.invalidArgument("a softcap of -1"), ["a softcap of -1"]),
    ])
    func saysWhatIsWrong(_ error: TensorError, _ parts: [String]) {
        for part in parts { #expect("\(error)".contains(part)) }
    }
}
