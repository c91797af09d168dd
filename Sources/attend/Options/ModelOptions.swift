import ArgumentParser
import AttentionFiles
import AttentionGeneration
import AttentionTensors
import Foundation

/// What every command that runs a model has in common.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model's folder, or its name in the local cache.",
            discussion: """
                The folder holds config.json, model.safetensors and tokenizer.json or vocab.txt. In a checkout \
                of this package, make model fetches all-MiniLM-L6-v2 into Models, where its name finds it.
                """, valueName: "model"),
        completion: .directory)
    var model: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How many threads compute, 1 to 256; by default as many as there are processors. The numbers that "
                + "come out do not depend on it.", valueName: "count"))
    var threads: Int?

    func validate() throws {
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads is \(threads); expected 1 to 256")
        }
    }

    /// Loads the model, and runs `body` on as many threads as were asked for.
    func withModel<Result>(_ body: (TextEmbedder) throws -> Result) throws -> Result {
        try Self.checkEnvironment()
        let folder = try ModelLocator().locate(model)
        guard let threads else { return try body(TextEmbedder(folder: folder)) }
        return try WorkerPool.$current.withValue(WorkerPool(threadCount: threads)) {
            try body(TextEmbedder(folder: folder))
        }
    }

    /// Settings that would be passed over, or found wrong only in the middle of the work.
    static func checkEnvironment() throws {
        _ = try InstructionSet.selected()
        guard let threads = ProcessInfo.processInfo.environment["ATTENTION_THREADS"], !threads.isEmpty
        else { return }
        guard let count = Int(threads), (1...256).contains(count) else {
            throw Failure(.configuration, "ATTENTION_THREADS is '\(threads)'; expected 1 to 256, or unset it")
        }
    }
}

extension TextEmbedder {
    /// Says how many of the texts are longer than the model reads.
    func noteCut(_ texts: [String]) throws {
        if texts.count == 1 { return try noteCut(texts[0]) }
        // A token has at least one byte, so that shorter texts need not be looked at.
        let cut = try texts.count { text in
            guard text.utf8.count + 2 > maximumLength else { return false }
            return try tokenCount(text) > maximumLength
        }
        guard cut > 0 else { return }
        Messages.note(
            "\(cut) of \(texts.count) texts are cut: the model reads \(maximumLength) tokens of each.")
    }

    /// Says so if the text, or the pair of texts, is longer than the model reads.
    func noteCut(_ text: String, pair: String? = nil) throws {
        let count = try tokenCount(text, pair: pair)
        guard count > maximumLength else { return }
        Messages.note("the text has \(count) tokens; the model reads \(maximumLength) of them.")
    }
}
