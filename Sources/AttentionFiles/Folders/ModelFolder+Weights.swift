import AttentionTensors

extension ModelFolder {
    private static let weightsName = "model.safetensors"
    private static let indexName = "model.safetensors.index.json"

    /// The model's tensors, from `model.safetensors` or from the shards that
    /// `model.safetensors.index.json` lists. Every header is checked now; data is read when it is used.
    ///
    /// - Throws: ``ModelFileError``, ``SafetensorsError``.
    public func weights() throws -> any WeightSource {
        if FileKind(path: "\(path)/\(Self.weightsName)") != nil {
            return try SafetensorsFile(path: "\(path)/\(Self.weightsName)")
        }
        if FileKind(path: "\(path)/\(Self.indexName)") != nil {
            return try ShardedWeights(folder: self, indexName: Self.indexName)
        }
        throw missing(Self.weightsName, adviceForMissingWeights)
    }

    private var adviceForMissingWeights: String {
        let isPickled = ["pytorch_model.bin", "pytorch_model.bin.index.json"].contains {
            path(ofFile: $0) != nil
        }
        guard isPickled else {
            return
                "Fetch the model again, or give the folder that holds \(Self.weightsName) or \(Self.indexName)."
        }
        return """
            It holds the weights as pytorch_model.bin only, a format that can run code when it is read. \
            Convert it once, in that folder, where Python has torch and safetensors: \
            python3 -c "import glob, torch, safetensors.torch as s; \
            w = {k: v.clone().contiguous() for f in glob.glob('pytorch_model*.bin') \
            for k, v in torch.load(f, map_location='cpu', weights_only=True).items()}; \
            s.save_file(w, '\(Self.weightsName)')"
            """
    }
}
