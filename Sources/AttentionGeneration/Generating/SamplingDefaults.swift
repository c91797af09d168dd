import AttentionFiles

/// What `generation_config.json` says of how a model's tokens are chosen.
private struct SamplingDefaults: Decodable {
    let doSample: Bool?
    let temperature: Float?
    let topK: Int?
    let topP: Float?
    let minP: Float?
    let typicalP: Float?
    let repetitionPenalty: Float?

    private enum CodingKeys: String, CodingKey {
        case doSample = "do_sample"
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case minP = "min_p"
        case typicalP = "typical_p"
        case repetitionPenalty = "repetition_penalty"
    }

    var sampling: Sampling {
        // Without do_sample, transformers takes the most probable token whatever else is said.
        var sampling = doSample == true ? Sampling(temperature: temperature ?? 1) : .greedy
        if doSample == true {
            // 0 stands for all.
            sampling.topK = topK == 0 ? nil : topK
            (sampling.topP, sampling.minP, sampling.typicalP) = (topP, minP, typicalP)
        }
        sampling.repetitionPenalty = repetitionPenalty ?? 1
        return sampling
    }
}

extension Sampling {
    /// What a GGUF file's metadata says of how tokens are chosen, in the keys `general.sampling.…` that
    /// llama.cpp's converter makes of `generation_config.json`. A file that says nothing of the kind is one
    /// whose most probable token is taken.
    ///
    /// The order of the steps (`sequence`) and how far back the penalty looks (`penalty_last_n`) are this
    /// library's.
    ///
    /// - Throws: `GGUFError` for a value of another type; ``GenerationError/unsupported(_:)`` where the file
    ///   asks for a way of choosing that there is not.
    public init(gguf file: GGUFFile) throws {
        func number(_ name: String) throws -> Float? {
            try file.double("general.sampling." + name).map { Float($0) }
        }
        for (name, none) in [("mirostat", Float(0)), ("xtc_probability", 0)] {
            guard let value = try number(name), value != none else { continue }
            throw GenerationError.unsupported(
                "\(file.path): general.sampling.\(name) is \(value), and tokens are never chosen in that way here: "
                    + "say how they are to be chosen")
        }
        let temperature = try number("temp")
        let (topK, topP, minP) = try (
            file.integer("general.sampling.top_k"), number("top_p"), number("min_p")
        )
        let isSaid = temperature != nil || topK != nil || topP != nil || minP != nil
        self = isSaid ? Sampling(temperature: temperature ?? 1, topP: topP, minP: minP) : .greedy
        // 0 and less stand for all.
        if let topK, topK > 0 { self.topK = topK }
        repetitionPenalty = try number("penalty_repeat") ?? 1
    }
}

extension LanguageModel {
    /// How the model's authors want tokens chosen: what `generation_config.json` in its folder or the
    /// metadata of its GGUF file says, or else the most probable token.
    ///
    /// - Throws: `ModelFileError` or `GGUFError` for a file that is damaged;
    ///   ``GenerationError/unsupported(_:)`` where they want a way that there is not (mirostat, XTC).
    public func defaultSampling() throws -> Sampling {
        if GGUFFile.isOne(at: path) { return try Sampling(gguf: GGUFFile(path: path)) }
        let name = "generation_config.json"
        guard let folder = try? ModelFolder(path: path), folder.path(ofFile: name) != nil else {
            return .greedy
        }
        return try folder.decode(SamplingDefaults.self, from: name).sampling
    }
}
