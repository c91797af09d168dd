import AttentionTensors

/// A model's tensors in several `.safetensors` files, found through an index
/// `{"weight_map": {"tensor": "shard's file name", …}}`.
struct ShardedWeights: WeightSource {
    let label: String
    let tensorNames: [String]
    private let shards: [String: SafetensorsFile]

    /// Opens every shard that the index names.
    ///
    /// - Throws: ``ModelFileError`` if the index is not sound, names a file outside the folder, a shard that is
    ///   not there, or a tensor that its shard does not hold; ``SafetensorsError``.
    init(folder: ModelFolder, indexName: String) throws {
        label = "\(folder.path)/\(indexName)"
        let index = try folder.json(indexName)
        guard case .object(let places)? = index["weight_map"] else {
            throw ModelFileError.invalidField(
                file: label, field: "weight_map", expected: "an object of tensor and file names",
                found: index["weight_map"]?.description ?? "nothing")
        }
        var files: [String: SafetensorsFile] = [:]
        var shards: [String: SafetensorsFile] = [:]
        for place in places {
            let name = try Self.shardName(place, index: label)
            let shard = try files[name] ?? Self.open(name, in: folder, index: indexName)
            files[name] = shard
            guard shard.contains(place.key) else {
                throw ModelFileError.invalidField(
                    file: label, field: "weight_map.\(place.key)", expected: "a shard that holds the tensor",
                    found: "\(quoted(name)), which does not")
            }
            shards[place.key] = shard
        }
        self.shards = shards
        tensorNames = places.map(\.key)
    }

    func contains(_ name: String) -> Bool { shards[name] != nil }

    func storedTensor(named name: String) throws -> StoredTensor? {
        try shards[name]?.storedTensor(named: name)
    }

    /// A shard lies in the index's own folder: a name that leads elsewhere is refused.
    private static func shardName(
        _ place: JSONValue.Member, index: String
    ) throws(ModelFileError) -> String {
        guard case .string(let name) = place.value, isPlainFileName(name) else {
            throw .invalidField(
                file: index, field: "weight_map.\(place.key)",
                expected: "the name of a file in the same folder", found: place.value.description)
        }
        return name
    }

    private static func open(_ name: String, in folder: ModelFolder, index: String) throws -> SafetensorsFile
    {
        guard FileKind(path: "\(folder.path)/\(name)") != nil else {
            throw folder.missing(
                name, "\(index) says that it holds a part of the model: fetch the model again.")
        }
        return try SafetensorsFile(path: "\(folder.path)/\(name)")
    }
}
