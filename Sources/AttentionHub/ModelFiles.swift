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
    private static let weights = HubCache.weights[0]
    static let index = HubCache.weights[1]

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
    /// The GGUF file that is the model, or its first part; nil for a folder.
    let file: String?

    /// - Throws: ``HubError`` if the repository holds no model, or several of which one has to be chosen.
    init(_ listing: HubRepository.Listing, of name: String, parts: ModelParts) throws(HubError) {
        let names = Set(listing.files.map(\.name))
        var first = Self.small.filter(names.contains)
        // A sentence-transformers model keeps each of its steps in a folder, such as 1_Pooling.
        let steps = names.filter { Self.isStep($0) }.sorted()
        var file: String?
        weights = names.contains("config.json") ? HubCache.weights.first(where: names.contains) : nil
        if weights != nil {
            first += steps
        } else {
            let models = GGUFPartName.models(among: names).sorted()
            let hasTokenizer =
                parts == .tokenizer && names.contains { $0.hasPrefix("tokenizer.") || $0 == "vocab.txt" }
            if !models.isEmpty {
                guard models.count == 1 else {
                    throw .severalFiles(name: name, files: models.map(listing.model))
                }
                file = models[0]
                first = Self.parts(of: models[0])
            } else if !hasTokenizer {
                throw .noWeights(name: name, files: listing.files)
            }
        }
        self.file = file
        self.first = first
    }

    /// The file itself and, if it is one part of a model, all others.
    static func parts(of file: String) -> [String] {
        guard let part = GGUFPartName(file), part.count <= greatestPartCount else { return [file] }
        return part.all
    }

    /// The largest models come in a few dozen parts.
    private static let greatestPartCount = 1000

    private static func isStep(_ name: String) -> Bool {
        let parts = name.split(separator: "/")
        guard parts.count == 2, let digit = parts[0].first, digit.isASCII, digit.isNumber,
            parts[0].contains("_")
        else { return false }
        return parts[1] == "config.json" || parts[1] == weights
    }

    /// The files that the index in `folder` names.
    ///
    /// - Throws: `ModelFileError` if the index is damaged; ``HubError/invalidAnswer(url:reason:)`` for a file
    ///   that the repository does not list.
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

extension HubRepository.Listing {
    /// Whether the repository holds no folder's weights, so that each GGUF file is a model of its own.
    var isOfFiles: Bool { !files.contains { HubCache.weights.contains($0.name) } }

    /// The GGUF file with the size that it has together with its other parts.
    fileprivate func model(_ name: String) -> HubFile {
        let parts = Set(ModelFiles.parts(of: name))
        let sizes = files.lazy.filter { parts.contains($0.name) }.map(\.size)
        guard !sizes.contains(nil) else { return HubFile(name: name, size: nil) }
        return HubFile(
            name: name, size: sizes.reduce(0) { $0.addingReportingOverflow($1 ?? 0).partialValue })
    }
}
