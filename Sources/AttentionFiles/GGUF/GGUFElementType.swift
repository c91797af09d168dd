/// The type of a tensor's elements in a GGUF file: plain numbers, or blocks that share scales.
///
/// The raw values and sizes are those of ggml's `ggml_type`. Numbers that ggml has given up are unknown.
// swift-format-ignore: AlwaysUseLowerCamelCase
public enum GGUFElementType: UInt32, Sendable, CaseIterable {
    case f32 = 0
    case f16, q4_0, q4_1
    case q5_0 = 6
    case q5_1, q8_0, q8_1, q2_K, q3_K, q4_K, q5_K, q6_K, q8_K
    case iq2_xxs = 16
    case iq2_xs, iq3_xxs, iq1_s, iq4_nl, iq3_s, iq2_s, iq4_xs
    case i8 = 24
    case i16, i32, i64, f64, iq1_m, bf16
    case tq1_0 = 34
    case tq2_0
    case mxfp4 = 39
    case nvfp4, q1_0

    /// The elements of a block; 1 for plain numbers.
    public var blockSize: Int {
        switch self {
        case .f32, .f16, .i8, .i16, .i32, .i64, .f64, .bf16: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q8_1, .iq4_nl, .mxfp4: 32
        case .nvfp4: 64
        case .q1_0: 128
        default: 256
        }
    }

    /// The bytes of a block.
    public var blockByteCount: Int {
        switch self {
        case .i8: 1
        case .f16, .bf16, .i16: 2
        case .f32, .i32: 4
        case .f64, .i64: 8
        case .mxfp4: 17
        case .q4_0, .iq4_nl, .q1_0: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q8_1, .nvfp4: 36
        case .q2_K: 84
        case .q3_K, .iq3_s: 110
        case .q4_K: 144
        case .q5_K: 176
        case .q6_K: 210
        case .q8_K: 292
        case .iq1_s: 50
        case .iq1_m: 56
        case .iq2_xxs: 66
        case .iq2_xs: 74
        case .iq2_s: 82
        case .iq3_xxs: 98
        case .iq4_xs: 136
        case .tq1_0: 54
        case .tq2_0: 66
        }
    }
}
