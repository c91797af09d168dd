import ArgumentParser
import Attention
import AttentionFiles
import AttentionGeneration
import AttentionTensors
import Foundation

/// What every command that runs a language model has in common.
struct LanguageModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model's folder, its name in the local cache, or a GGUF file.",
            discussion: """
                The folder holds config.json, model.safetensors (or its shards) and the tokenizer's files. Where \
                it has no tokenizer, prompts are given as --tokens.
                """, valueName: "model"),
        completion: .file(extensions: ["gguf"]))
    var model: String

    @Option(
        help: ArgumentHelp(
            "How the keys and values of tokens that were read are kept: f32, f16 or int8, which take 4, 2 and about "
                + "1 bytes a number.", valueName: "type"))
    var cache = CacheType.f32

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How many threads compute, 1 to 256; by default as many as there are processors. The tokens that come out "
                + "do not depend on it.", valueName: "count"))
    var threads: Int?

    enum CacheType: String, ExpressibleByArgument, CaseIterable {
        case f32, f16, int8

        var storage: KeyValueStorage {
            switch self {
            case .f32: .float32
            case .f16: .float16
            case .int8: .int8
            }
        }
    }

    func validate() throws {
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads is \(threads); expected 1 to 256")
        }
    }

    /// Loads the model, and runs `body` on as many threads as were asked for.
    func withModel<Result>(_ body: (LanguageModel) throws -> Result) throws -> Result {
        try ModelOptions.checkEnvironment()
        guard let threads else { return try body(Self.load(model)) }
        return try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
            try body(Self.load(model))
        }
    }

    /// The model of a folder, a name or a GGUF file.
    static func load(_ model: String) throws -> LanguageModel {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: model, isDirectory: &isFolder)
        let path = exists && !isFolder.boolValue ? model : try ModelLocator().locate(model).path
        return try LanguageModel(path: path)
    }
}
