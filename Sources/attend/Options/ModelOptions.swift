import ArgumentParser
import AttentionFiles
import AttentionGeneration
import AttentionJSON
import AttentionModels
import AttentionTasks
import AttentionTensors
import Foundation

/// The model of a command that runs language models, or either kind.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model's folder, a language model's GGUF file, or a name.",
            discussion: """
                A folder holds config.json, model.safetensors and tokenizer.json or vocab.txt. A name is \
                looked up in ./Models and in the caches. A model named org/name, or org/name:file.gguf, that \
                is not on this machine is fetched from the Hugging Face hub.
                """, valueName: "model"),
        completion: .directory)
    var model: String

    @OptionGroup var computing: ThreadOptions

    /// Finds or fetches the model, and runs `body` with its path on the chosen number of threads.
    func withPath<Result>(_ body: (String) throws -> Result) throws -> Result {
        try computing.withPath(of: model, body)
    }

    /// The same with a language model.
    func withLanguageModel<Result>(_ body: (LanguageModel) throws -> Result) throws -> Result {
        // exact-text: nothing is compared; the compiler merges this line's code with that of others.
        try withPath { path in try body(ModelKind.decoder.load(path) { try LanguageModel($0) }) }
    }
}

/// The model of a command that runs an encoder.
struct EncoderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "An encoder's folder or GGUF file, or a name.",
            discussion: """
                A folder holds config.json, model.safetensors and tokenizer.json or vocab.txt. A name is \
                looked up in ./Models and in the caches. A model named org/name or org/name:file.gguf that \
                is not on this machine is fetched from the Hugging Face hub.
                """, valueName: "model"),
        completion: .directory)
    var model: String

    @OptionGroup var computing: ThreadOptions

    /// Finds or fetches the model, and runs `body` with it on the chosen number of threads.
    /// Notes name the settings of the model's files that are not followed.
    func withEmbedder<Result>(_ body: (TextEmbedder) throws -> Result) throws -> Result {
        try computing.withPath(of: model) { path in
            let embedder = try ModelKind.encoder.load(path) { try TextEmbedder($0) }
            embedder.notes.forEach(Messages.note)
            return try body(embedder)
        }
    }
}

/// The number of threads, for every command that runs a model.
struct ThreadOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The number of threads, 1 to 256; by default the number of processors. The results do not depend on it.",
            valueName: "count"))
    var threads: Int?

    func validate() throws {
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads is \(threads); expected 1 to 256")
        }
    }

    /// Finds or fetches the model, and runs `body` with its path on the chosen number of threads.
    func withPath<Result>(of model: String, _ body: (String) throws -> Result) throws -> Result {
        try Self.checkEnvironment()
        let path = try ModelSource().path(of: model)
        guard let threads else { return try body(path) }
        return try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) { try body(path) }
    }

    /// Checks the settings in the environment that would otherwise be passed over, or fail in the middle of
    /// the work.
    static func checkEnvironment() throws {
        _ = try InstructionSet.selected()
        guard let threads = Environment.value("ATTENTION_THREADS")?.string, !threads.isEmpty else { return }
        guard let count = Int(threads), (1...256).contains(count) else {
            throw Failure(.configuration, "ATTENTION_THREADS is '\(threads)'; expected 1 to 256, or unset it")
        }
    }
}

extension TextEmbedder {
    /// Says how many of the texts, behind their prompt, are longer than the model reads.
    func noteCut(_ texts: [String], prompt: SentencePrompt = .standard) throws {
        if texts.count == 1 { return try noteCut(texts[0], prompt: prompt) }
        // A token has at least one byte, so that shorter texts need not be looked at.
        let room = maximumLength - (try tokenCount("", prompt: prompt))
        let cut = try texts.count { text in
            guard text.utf8.count > room else { return false }
            return try tokenCount(text, prompt: prompt) > maximumLength
        }
        guard cut > 0 else { return }
        Messages.note(
            "\(cut) of \(texts.count) texts are cut: the model reads \(maximumLength) tokens of each.")
    }

    /// Says so if the text, or the pair of texts, is longer than the model reads.
    func noteCut(_ text: String, pair: String? = nil, prompt: SentencePrompt = .standard) throws {
        let count = try tokenCount(text, pair: pair, prompt: prompt)
        guard count > maximumLength else { return }
        // exact-text: nothing is compared; the compiler merges this line's code with that of others.
        Messages.note("the text has \(count) tokens; the model reads \(maximumLength) of them.")
    }
}
