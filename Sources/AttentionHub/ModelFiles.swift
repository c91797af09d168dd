import AttentionFiles
import AttentionJSON
import Foundation

/// The wanted parts of a model.
public enum ModelParts: Sendable {
    /// All files that running the model takes.
    case everything
    /// The tokenizer's files, without the weights.
    case tokenizer
}

/// The files of a repository that make a model.
struct ModelFiles: Sendable {
    private static let weights = HubCache.weights[0]
    static let index = HubCache.weights[1]

    /// Files that are fetched where they exist, in the order of their use.
    private static let small =
        [
            "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json", "vocab.json", "merges.txt", "vocab.txt", "tokenizer.model", "spiece.model",
            "sentencepiece.bpe.model", "chat_template.jinja", "chat_template.json", "modules.json",
            "config_sentence_transformers.json",
        ] + ModelFolder.sentenceSettingsNames

    /// The files that are fetched first.
    let first: [String]
    /// The weights: a file, or the index that names their files.
    let weights: String?
    /// The GGUF file that is the model, or its first part; nil for a folder.
    let file: String?

    /// - Throws: ``HubError`` if the repository holds no model, or several of which one has to be chosen.
    init(_ listing: HubRepository.Listing, of name: String, parts: ModelParts) throws(HubError) {
        let names = listing.exactNames
        let templates = names.sorted().map(\.string).filter(Self.isChatTemplate)
        var first = Self.small.filter { names.contains(ExactString($0)) } + templates
        // A sentence-transformers model keeps each of its steps in a folder, such as 1_Pooling.
        let steps = names.sorted().map(\.string).filter { Self.isStep($0) }
        var file: String?
        weights =
            names.contains("config.json")
            ? HubCache.weights.first { names.contains(ExactString($0)) }
            : Self.weightsOfAnEncoderInAFolder(names)
        if weights != nil {
            first += steps
        } else {
            let models = GGUFPartName.models(among: names.sorted().map(\.string))
            let hasTokenizer =
                parts == .tokenizer
                && names.contains { $0.hasPrefix("tokenizer.") || $0 == "vocab.txt" }
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

    /// The file itself and, if it is one part of a model, all other parts.
    static func parts(of file: String) -> [String] {
        guard let part = GGUFPartName(file), part.count <= greatestPartCount else { return [file] }
        return part.all
    }

    /// The largest models come in a few dozen parts.
    private static let greatestPartCount = 1000

    /// Whether a file is one of the chat templates that have a name.
    private static func isChatTemplate(_ name: String) -> Bool {
        let parts = ExactString(name).split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts[0] == "additional_chat_templates" && parts[1].hasSuffix(".jinja")
    }

    private static func isStep(_ name: String) -> Bool {
        let parts = ExactString(name).split(separator: "/")
        guard parts.count == 2, let digit = parts[0].utf8.first, (0x30...0x39).contains(digit),
            parts[0].contains("_")
        else { return false }
        return ([weights] + small).contains(exactly: parts[1].string)
    }

    /// The weights of the first module of an older sentence-transformers model, such as
    /// `0_Transformer/model.safetensors`; nil for any other repository.
    private static func weightsOfAnEncoderInAFolder(_ names: Set<ExactString>) -> String? {
        guard names.contains("modules.json") else { return nil }
        let ending = ExactString("/\(weights)")
        return names.filter { $0.hasPrefix("0_") && $0.hasSuffix(ending) && isStep($0.string) }.min()?.string
    }

    /// The files that the index in `folder` names.
    ///
    /// - Throws: `ModelFileError` if the index is damaged; ``HubError/invalidAnswer(url:reason:)`` for a file
    ///   that the repository does not list.
    static func shards(in folder: ModelFolder, listed: Set<ExactString>) throws -> [String] {
        guard let places = try folder.json(index)["weight_map"]?.members else {
            throw HubError.invalidAnswer(
                url: "\(folder.path)/\(index)", reason: "it has no object weight_map")
        }
        var names: Set<ExactString> = []
        for (_, place) in places {
            guard let name = place.stringValue, isPlainFileName(name), listed.contains(ExactString(name))
            else {
                throw HubError.invalidAnswer(
                    url: "\(folder.path)/\(index)",
                    reason: "it names \(place), which the repository does not hold")
            }
            names.insert(ExactString(name))
        }
        return names.sorted().map(\.string)
    }

    /// Whether the folder holds all of the model's weights.
    static func isComplete(_ path: String) -> Bool {
        guard var folder = try? ModelFolder(path: path) else { return false }
        if folder.path(ofFile: "config.json") == nil, let encoder = try? folder.sentenceModules()?.first,
            !encoder.folder.isEmpty, let inner = try? ModelFolder(path: "\(path)/\(encoder.folder)")
        {
            folder = inner
        }
        guard folder.path(ofFile: "config.json") != nil else { return false }
        if folder.path(ofFile: weights) != nil { return true }
        guard let places = try? folder.json(index)["weight_map"]?.members else { return false }
        return places.allSatisfy { _, place in
            place.stringValue.map { isPlainFileName($0) && folder.path(ofFile: $0) != nil } ?? false
        }
    }
}

extension HubRepository.Listing {
    /// The names of all files.
    var exactNames: Set<ExactString> { Set(files.map { ExactString($0.name) }) }

    /// Whether the repository holds no folder's weights, so that each GGUF file is a model of its own.
    var isOfFiles: Bool { exactNames.isDisjoint(with: HubCache.weights.map { ExactString($0) }) }

    /// The GGUF file, with the total size of all of its parts.
    fileprivate func model(_ name: String) -> HubFile {
        let parts = Set(ModelFiles.parts(of: name).map { ExactString($0) })
        let sizes = files.lazy.filter { parts.contains(ExactString($0.name)) }.map(\.size)
        guard !sizes.contains(nil) else { return HubFile(name: name, size: nil) }
        return HubFile(
            name: name, size: sizes.reduce(0) { $0.addingReportingOverflow($1 ?? 0).partialValue })
    }
}
