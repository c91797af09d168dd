import AttentionJSON
import AttentionTensors

/// A model's tensors in several `.safetensors` files, found through an index
/// `{"weight_map": {"tensor": "shard's file name", …}}`.
struct ShardedWeights: WeightSource {
    let label: String
    let tensorNames: [String]
    private let shards: [ExactString: SafetensorsFile]

    /// Opens every shard that the index names.
    ///
    /// - Throws: ``ModelFileError`` if the index is not sound, names a file outside the folder, a shard that
    ///   is not there, or a tensor that its shard does not hold; ``SafetensorsError``.
    init(folder: ModelFolder, indexName: String) throws {
        label = "\(folder.path)/\(indexName)"
        let index = try folder.json(indexName)
        guard let places = index["weight_map"]?.members else {
            throw ModelFileError.invalidField(
                file: label, field: "weight_map", expected: "an object of tensor and file names",
                found: index["weight_map"]?.description ?? "nothing")
        }
        var files: [ExactString: SafetensorsFile] = [:]
        var shards: [ExactString: SafetensorsFile] = [:]
        var tensorNames: [String] = []
        for (name, place) in places {
            let tensor = name.string
            let field = "weight_map.\(tensor)"
            let file = try Self.shardName(place, field: field)
            let shard = try files[ExactString(file)] ?? Self.open(file, in: folder, index: indexName)
            files[ExactString(file)] = shard
            guard shard.contains(tensor) else {
                throw ModelFileError.invalidField(
                    file: label, field: field, expected: "a shard that holds the tensor",
                    found: "\(quoted(file)), which does not")
            }
            shards[name] = shard
            tensorNames.append(tensor)
        }
        self.shards = shards
        self.tensorNames = tensorNames
    }

    /// The shards' entries, in the index's order.
    var entries: [SafetensorsFile.Entry] {
        tensorNames.compactMap { shards[ExactString($0)]?.entry(named: $0) }
    }

    func contains(_ name: String) -> Bool { shards[ExactString(name)] != nil }

    func storedTensor(named name: String) throws -> StoredTensor? {
        try shards[ExactString(name)]?.storedTensor(named: name)
    }

    /// A shard lies in the index's own folder: a name that leads elsewhere is refused.
    private static func shardName(_ place: JSONValue, field: String) throws(ModelFileError) -> String {
        guard let name = place.stringValue, isPlainFileName(name) else {
            throw .invalidField(
                file: place.document.name, field: field, expected: "the name of a file in the same folder",
                found: place.description)
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
