import AttentionFiles
import AttentionModels

/// What a sentence-transformers folder says about pooling, normalisation and length.
struct SentenceConfiguration {
    var pooling = Pooling.mean
    var normalizes = false
    var maximumLength: Int?

    /// - Throws: `ModelFileError`, also for a step or a pooling that is not implemented.
    init(_ folder: ModelFolder) throws {
        if let file = folder.sentenceConfigPath {
            maximumLength = try folder.decode(Lengths.self, from: "sentence_bert_config.json").maxSeqLength
            if let length = maximumLength, length < 2 {
                throw ModelFileError.invalidField(
                    file: file, field: "max_seq_length", expected: "at least 2", found: "\(length)")
            }
        }
        guard let modules = try folder.sentenceModules() else { return }
        for (index, module) in modules.enumerated() {
            switch module.kind {
            case "Transformer": break
            case "Pooling":
                let name = module.folder.isEmpty ? "config.json" : "\(module.folder)/config.json"
                pooling = try folder.decode(PoolingModes.self, from: name)
                    .pooling(file: "\(folder.path)/\(name)")
            case "Normalize": normalizes = true
            default:
                throw ModelFileError.invalidField(
                    file: "\(folder.path)/modules.json", field: "[\(index)].type",
                    expected: "Transformer, Pooling or Normalize", found: "'\(module.kind)'")
            }
        }
    }

    private struct Lengths: Decodable {
        let maxSeqLength: Int?

        private enum CodingKeys: String, CodingKey {
            case maxSeqLength = "max_seq_length"
        }
    }

    /// `1_Pooling/config.json`: one flag for each kind of pooling, of which exactly one must be set.
    private struct PoolingModes: Decodable {
        let poolingModeClsToken: Bool?
        let poolingModeMeanTokens: Bool?
        let poolingModeMaxTokens: Bool?
        let poolingModeMeanSqrtLenTokens: Bool?
        let poolingModeWeightedmeanTokens: Bool?
        let poolingModeLasttoken: Bool?

        private enum CodingKeys: String, CodingKey {
            case poolingModeClsToken = "pooling_mode_cls_token"
            case poolingModeMeanTokens = "pooling_mode_mean_tokens"
            case poolingModeMaxTokens = "pooling_mode_max_tokens"
            case poolingModeMeanSqrtLenTokens = "pooling_mode_mean_sqrt_len_tokens"
            case poolingModeWeightedmeanTokens = "pooling_mode_weightedmean_tokens"
            case poolingModeLasttoken = "pooling_mode_lasttoken"
        }

        func pooling(file: String) throws(ModelFileError) -> Pooling {
            let modes: [(flag: Bool?, name: String, pooling: Pooling?)] = [
                (poolingModeClsToken, "cls", .firstToken), (poolingModeMeanTokens, "mean", .mean),
                (poolingModeMaxTokens, "max", .max),
                (poolingModeMeanSqrtLenTokens, "mean_sqrt_len", .meanSquareRootLength),
                (poolingModeLasttoken, "lasttoken", .lastToken),
                (poolingModeWeightedmeanTokens, "weightedmean", nil),
            ]
            let chosen = modes.filter { $0.flag == true }
            guard chosen.count == 1, let pooling = chosen[0].pooling else {
                throw .invalidField(
                    file: file, field: "pooling_mode_…",
                    expected: "one of cls, mean, max, mean_sqrt_len and lasttoken to be true",
                    found: chosen.isEmpty ? "none" : chosen.map(\.name).joined(separator: " and "))
            }
            return pooling
        }
    }
}
