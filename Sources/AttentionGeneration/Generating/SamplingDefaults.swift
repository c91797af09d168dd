import AttentionFiles

/// What `generation_config.json` says of how a model's tokens are chosen.
private struct SamplingDefaults: Decodable {
    let do_sample: Bool?
    let temperature: Float?
    let top_k: Int?
    let top_p: Float?
    let min_p: Float?
    let typical_p: Float?
    let repetition_penalty: Float?

    var sampling: Sampling {
        // Without do_sample, transformers takes the most probable token whatever else is said.
        var sampling = do_sample == true ? Sampling(temperature: temperature ?? 1) : .greedy
        if do_sample == true {
            // 0 stands for all.
            sampling.topK = top_k == 0 ? nil : top_k
            (sampling.topP, sampling.minP, sampling.typicalP) = (top_p, min_p, typical_p)
        }
        sampling.repetitionPenalty = repetition_penalty ?? 1
        return sampling
    }
}

extension LanguageModel {
    /// How the model's authors want tokens chosen: what `generation_config.json` in its folder says, or else the most
    /// probable token.
    ///
    /// - Throws: `ModelFileError` for a file that is damaged.
    public func defaultSampling() throws -> Sampling {
        let name = "generation_config.json"
        guard let folder = try? ModelFolder(path: path), folder.path(ofFile: name) != nil else {
            return .greedy
        }
        return try folder.decode(SamplingDefaults.self, from: name).sampling
    }
}
