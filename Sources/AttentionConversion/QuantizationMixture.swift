import AttentionFiles
import AttentionJSON
import AttentionTensors

/// The types of a model's tensors when it is written in fewer bits.
///
/// As with llama.cpp, only matrices change: norms, biases and tables of positions stay in float32. The head,
/// or a table of tokens that is the head too, takes q6_K where the type has fewer bits; a matrix whose rows
/// are not whole blocks of 256 takes a type with blocks of 32, or float16.
// swift-format-ignore: AlwaysUseLowerCamelCase
public enum QuantizationMixture: Hashable, Sendable {
    /// All matrices in one type, one of ``types``.
    case uniform(ElementType)
    /// llama.cpp's Q4_K_M: q4_K, and q6_K where errors cost most: in the matrices of values, and
    /// the second one of the feed-forward network, in the first and the last eighth of the layers and in
    /// every third between.
    case q4_K_M
    /// The same with q5_K in the place of q4_K.
    case q5_K_M

    /// The types that matrices can be written in.
    public static var types: [ElementType] { ElementType.allCases.filter(\.canBeQuantizedTo) }
    /// Every type that all matrices can have, and every mixture.
    public static var all: [Self] { types.map(Self.uniform) + [.q4_K_M, .q5_K_M] }

    /// `q4_K`, `q4_K_M`, `float16`
    public var name: String {
        switch self {
        case .uniform(let type): type.rawValue
        case .q4_K_M: "q4_K_M"
        case .q5_K_M: "q5_K_M"
        }
    }

    /// - Parameter name: A ``name``, whatever the case of its letters, or `f32`, `f16`, `bf16`. Others give
    ///   nil.
    public init?(name: String) {
        let short: [ExactString: Self] = [
            "f32": .uniform(.float32), "f16": .uniform(.float16), "bf16": .uniform(.bfloat16),
        ]
        let name = ExactString(name).lowercasedASCII
        guard
            let found = short[name] ?? Self.all.first(where: { ExactString($0.name).lowercasedASCII == name })
        else {
            return nil
        }
        self = found
    }

    /// The type of most matrices.
    var base: ElementType {
        switch self {
        case .uniform(let type): type
        case .q4_K_M: .q4_K
        case .q5_K_M: .q5_K
        }
    }

    /// llama.cpp's number (`general.file_type`).
    var fileType: UInt32 {
        switch self {
        case .uniform(.float32): 0
        case .uniform(.float16): 1
        case .uniform(.q4_0): 2
        case .uniform(.q4_1): 3
        case .uniform(.q8_0): 7
        case .uniform(.q5_0): 8
        case .uniform(.q5_1): 9
        case .uniform(.q4_K): 14
        case .q4_K_M: 15
        case .uniform(.q5_K): 16
        case .q5_K_M: 17
        case .uniform(.q6_K): 18
        case .uniform(.bfloat16): 32
        case .uniform: 1024  // guessed
        }
    }
}

extension QuantizationMixture {
    /// The type of each of the model's tensors, in their order.
    func types(of model: ConvertibleModel) -> [ElementType] {
        let isHeadTied = !model.tensors.contains { ExactString($0.name) == Self.head }
        let layers = ModelLayers(model)
        return model.tensors.map { tensor in
            if tensor.isInteger, let stored = tensor.storedType { return stored }
            guard Self.isRounded(tensor) else { return .float32 }
            let name = ExactString(tensor.name)
            let isHead = name == Self.head || (isHeadTied && name == "token_embd.weight")
            let type = isHead ? (base.hasFewerBits(than: .q6_K) ? .q6_K : base) : type(of: tensor, layers)
            return type.fitting(width: tensor.shape.last ?? 1)
        }
    }

    private static let head: ExactString = "output.weight"

    private static func isRounded(_ tensor: ConvertibleModel.Tensor) -> Bool {
        let kept: [ExactString] = ["norm", "position_embd", "token_types", "ffn_gate_inp"]
        let name = ExactString(tensor.name)
        return tensor.shape.rank >= 2 && name.hasSuffix(".weight") && !kept.contains(where: name.contains)
    }

    /// llama.cpp's rule (`llama_tensor_get_type_impl`).
    private func type(of tensor: ConvertibleModel.Tensor, _ layers: ModelLayers) -> ElementType {
        if case .uniform = self { return base }
        let words = ExactString(tensor.name).split(separator: ".")
        guard words.count == 4, words[0] == "blk", let layer = Int(words[1].string) else { return base }
        // With eight experts the matrices that all tokens share are a small part of the model.
        switch words[2] {
        case "attn_v" where layers.hasEightExperts, "attn_k" where layers.hasEightExperts: return .q8_0
        case "attn_output" where layers.hasEightExperts && base == .q4_K: return .q5_K
        case "attn_v", "attn_qkv":
            if layers.takesMoreBits(layer, of: layers.values) { return .q6_K }
            // One matrix of values that eight heads share is small.
            return layers.isLarge && base == .q4_K ? .q5_K : base
        case "ffn_down", "ffn_down_exps": return layers.takesMoreBits(layer, of: layers.count) ? .q6_K : base
        default: return base
        }
    }
}

/// The properties of a model on which the choice depends.
private struct ModelLayers {
    let count: Int
    /// The number of layers with a matrix of values, or one that holds them.
    let values: Int
    /// A model of 70 billion parameters: 80 layers of grouped queries.
    let isLarge: Bool
    let hasEightExperts: Bool

    init(_ model: ConvertibleModel) {
        func number(_ key: String) -> Int? {
            model.metadata.first { ExactString($0.key).hasSuffix(ExactString(".\(key)")) }?.value.integer
        }
        values =
            model.tensors.count { tensor in
                [".attn_v.weight", ".attn_qkv.weight"].contains(where: ExactString(tensor.name).hasSuffix)
            }
        count = number("block_count") ?? values
        let (heads, groups) = (number("attention.head_count"), number("attention.head_count_kv"))
        hasEightExperts = number("expert_count") == 8
        isLarge = count == 80 && groups != nil && groups != heads
    }

    func takesMoreBits(_ layer: Int, of count: Int) -> Bool {
        let eighth = count / 8
        // The last part begins at 7n/8, rounded down.
        let last = count - eighth - (count % 8 == 0 ? 0 : 1)
        return layer < eighth || layer >= last || (layer - eighth) % 3 == 2
    }
}

extension ElementType {
    private var bits: Double { Double(byteWidth) / Double(blockLength) * 8 }

    fileprivate func hasFewerBits(than other: ElementType) -> Bool { bits < other.bits }

    /// This type, or one with more bits whose blocks fill the rows.
    fileprivate func fitting(width: Int) -> ElementType {
        if width % blockLength == 0 { return self }
        let smaller: ElementType =
            switch self {
            case .q4_K: .q5_0
            case .q5_K: .q5_1
            case .q6_K: .q8_0
            default: .float16
            }
        return width % smaller.blockLength == 0 ? smaller : .float16
    }
}
