import AttentionJSON
import AttentionTensors

extension Activation {
    /// The activation that a published configuration calls `name`.
    init(configured name: String, field: String) throws(ModelConfigurationError) {
        switch ExactString(name) {
        case "gelu": self = .gelu
        case "gelu_new", "gelu_pytorch_tanh": self = .geluTanh
        case "relu": self = .relu
        case "silu", "swish": self = .silu
        case "tanh": self = .tanh
        default:
            throw .unsupported(
                field: field, value: "'\(name)'",
                supported: "gelu, gelu_new, gelu_pytorch_tanh, relu, silu, swish, tanh")
        }
    }
}
