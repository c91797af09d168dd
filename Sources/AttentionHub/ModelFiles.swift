import AttentionFiles
import AttentionJSON
import Foundation

/// What of a model is needed.
public enum ModelParts: Sendable {
    /// Everything that running it takes.
    case everything
    /// What turns text into tokens, without the weights.
    case tokenizer
}

/// Which of a repository's files make a model.
struct ModelFiles: Sendable {
    static let weights = "model.safetensors"
    static let index = "model.safetensors.index.json"

    /// Files that are fetched where they exist, in the order of their use.
    private static let small = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json", "vocab.json", "merges.txt", "vocab.txt", "tokenizer.model", "spiece.model",
        "sentencepiece.bpe.model", "chat_template.jinja", "chat_template.json", "modules.json",
        "sentence_bert_config.json", "config_sentence_transformers.json",
    ]

    /// What to fetch first.
    let first: [String]
    /// The weights: a file, or the index that names their files.
    let weights: String?

    /// - Throws: ``HubError`` if the repository holds no model, or several of which one has to be chosen.
    init(_ listing: HubRepository.Listing, of name: String, parts: ModelParts) throws(HubError) {
        let names = Set(listing.files.map(\.name))
        var first = Self.small.filter(names.contains)
        // A sentence-transformers model keeps each of its steps in a folder, such as 1_Pooling.
        let steps = names.filter { Self.isStep($0) }.sorted()
        weights = [Self.weights, Self.index].first(where: names.contains)
        if weights != nil, names.contains("config.json") {
            first += steps
        } else {
            let models = listing.files.filter { $0.name.lowercased().hasSuffix(".gguf") }
                .sorted { $0.name < $1.name }
            let hasTokenizer =
                parts == .tokenizer && names.contains { $0.hasPrefix("tokenizer.") || $0 == "vocab.txt" }
            if !models.isEmpty {
                guard models.count == 1 else { throw .severalFiles(name: name, files: models) }
                first = [models[0].name]
            } else if !hasTokenizer {
                throw .noWeights(name: name, files: listing.files)
            }
        }
        self.first = first
    }

    private static func isStep(_ name: String) -> Bool {
        let parts = name.split(separator: "/")
        guard parts.count == 2, let digit = parts[0].first, digit.isASCII, digit.isNumber,
            parts[0].contains("_")
        else { return false }
        return parts[1] == "config.json" || parts[1] == weights
    }

    /// The files that the index in `folder` names.
    ///
    /// - Throws: `ModelFileError` if the index is damaged; ``HubError/invalidAnswer(url:reason:)`` for a file that the
    ///   repository does not list.
    static func shards(in folder: ModelFolder, listed: Set<String>) throws -> [String] {
        guard let places = try folder.json(index)["weight_map"]?.members else {
            throw HubError.invalidAnswer(
                url: "\(folder.path)/\(index)", reason: "it has no object weight_map")
        }
        var names: Set<String> = []
        for (_, place) in places {
            guard let name = place.stringValue, isPlainFileName(name), listed.contains(name) else {
                throw HubError.invalidAnswer(
                    url: "\(folder.path)/\(index)",
                    reason: "it names \(place), which the repository does not hold")
            }
            names.insert(name)
        }
        return names.sorted()
    }

    /// Whether the folder holds all the weights that it should.
    static func isComplete(_ path: String) -> Bool {
        guard let folder = try? ModelFolder(path: path), folder.path(ofFile: "config.json") != nil else {
            return false
        }
        if folder.path(ofFile: weights) != nil { return true }
        guard let places = try? folder.json(index)["weight_map"]?.members else { return false }
        return places.allSatisfy { _, place in
            place.stringValue.map { isPlainFileName($0) && folder.path(ofFile: $0) != nil } ?? false
        }
    }
}
