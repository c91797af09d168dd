import ArgumentParser
import AttentionGeneration
import AttentionModels
import AttentionTasks
import AttentionTensors
import AttentionTokenizers

/// `attend embed`: texts into vectors.
struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn texts into vectors whose directions say what the texts mean.",
        usage: """
            attend embed --model <model> <text> ... [<options>]
            attend embed --model <model> --file <path> [<options>]
            attend embed --model <model> --tokens <ids> [--hidden] [--json]
            """,
        discussion: """
            Prints one line a text: the numbers of its vector (384 of them for all-MiniLM-L6-v2), with \
            spaces between them, each in the fewest digits that mean the float32 exactly. Texts that are \
            alike in meaning have vectors with a cosine close to 1. A text that is longer than the model \
            reads (256 tokens for all-MiniLM-L6-v2) is cut at its end, and a note says so.

              attend embed --model all-MiniLM-L6-v2 "It's so sunny outside!"
              attend embed --model all-MiniLM-L6-v2 --file lines.txt --json
              attend embed --model all-MiniLM-L6-v2 --tokens 101,7592,102 --hidden --json
              attend embed --model e5-small-v2 --prompt "query: " "how to sign in"

            Some models are trained with a prompt before each text, and one prompt for queries and another \
            for documents. A model's own prompts have names (--prompt-name query), and one of them may be \
            its default. --prompt "" leaves the default out.

            With --json every text is one line with one object:

              ids        the token ids that the model read
              embedding  the vector, [width]
              hidden     with --hidden: the last hidden states, [tokens][width]

            A text that begins with a dash is written after --, as in -- "-1 °C".
            """)

    @OptionGroup(title: "Model") var options: EncoderOptions

    @Argument(help: "Texts, each in quotes; - reads one text from standard input.")
    var texts: [String] = []

    @Option(
        help: ArgumentHelp(
            "A UTF-8 file with one text a line, empty lines included; - reads standard input.",
            valueName: "path"), completion: .file())
    var file: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Token ids with commas between them, taken as they are: nothing is added, nothing is cut.",
            valueName: "ids"), transform: TokenIDs.init)
    var tokens: TokenIDs?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The model's own prompt of this name, before each text.", valueName: "name"))
    var promptName: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("A prompt before each text.", valueName: "text"))
    var prompt: String?

    @Flag(
        help: ArgumentHelp(
            "The last hidden states: the vector of every token, before they become one.",
            discussion: """
                With --json they stand beside the embedding. Without it they are printed in its place, one \
                line a token and an empty line after each text.
                """))
    var hidden = false

    @Flag(help: "Print one JSON object a line for each text.")
    var json = false

    func validate() throws {
        let sources = [!texts.isEmpty, file != nil, tokens != nil].count { $0 }
        guard sources == 1 else {
            throw ValidationError(
                sources == 0
                    ? "there is nothing to embed: give texts, --file or --tokens"
                    : "give either texts, --file or --tokens, not several of them")
        }
        if promptName != nil, prompt != nil {
            throw ValidationError("give either --prompt-name or --prompt, not both")
        }
        if tokens != nil,
            let option = promptName.map({ _ in "--prompt-name" }) ?? prompt.map({ _ in "--prompt" })
        {
            throw ValidationError("\(option) goes with texts; --tokens are taken as they are")
        }
    }

    private var chosenPrompt: SentencePrompt {
        prompt.map { .text($0) } ?? promptName.map { .named($0) } ?? .standard
    }

    func run() throws {
        try options.withEmbedder { embedder in
            let sequences = try sequences(embedder)
            let skipped = tokens == nil ? try embedder.skippedTokenCount(prompt: chosenPrompt) : 0
            let progress = ProgressBar(
                "texts", total: sequences.count, isEnabled: !StandardOutput.isTerminal)
            defer { progress.finish() }
            var output = StandardOutput()
            // In portions, so that a large file's vectors need not all be held at once.
            for start in stride(from: 0, to: sequences.count, by: Self.portion) {
                let portion = Array(sequences[start..<min(start + Self.portion, sequences.count)])
                try write(portion, embedder, skipping: skipped, to: &output) { progress.update(start + $0) }
            }
            try output.flush()
        }
    }

    private static let portion = 256

    private func sequences(_ embedder: TextEmbedder) throws -> [[Int]] {
        if let tokens {
            try tokens.check(vocabulary: embedder.encoder.configuration.vocabulary)
            return [tokens.ids]
        }
        let texts = try file.map { try TextFile(path: $0).lines() } ?? texts.map(TextArgument.read)
        try embedder.noteCut(texts, prompt: chosenPrompt)
        return try texts.map { try embedder.tokenize($0, prompt: chosenPrompt).ids }
    }

    private func write(
        _ sequences: [[Int]], _ embedder: TextEmbedder, skipping skipped: Int,
        to output: inout StandardOutput,
        progress: (Int) -> Void
    ) throws {
        if hidden {
            for (index, ids) in sequences.enumerated() {
                let states = try embedder.hiddenStates(tokens: ids)
                let rows = (0..<ids.count).map { states.selecting(axis: 0, $0).scalars }
                let embedding = try embedder.embedding(hiddenStates: states, skipping: skipped)
                try write(ids: ids, embedding: embedding, rows, to: &output)
                progress(index + 1)
            }
        } else {
            // The progress of a portion is too fine to show; its end is told below.
            let vectors = try embedder.embed(tokens: sequences, skipping: skipped)
            for (ids, vector) in zip(sequences, vectors) {
                try write(ids: ids, embedding: vector, [], to: &output)
            }
            progress(sequences.count)
        }
    }

    private func write(
        ids: [Int], embedding: [Float], _ hidden: [[Float]], to output: inout StandardOutput
    ) throws {
        guard embedding.allSatisfy(\.isFinite), hidden.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
            throw Failure.overflow(of: options.model)
        }
        if json {
            var members: [(String, JSON)] = [("ids", .integers(ids)), ("embedding", .numbers(embedding))]
            if self.hidden { members.append(("hidden", .array(hidden.map { .numbers($0) }))) }
            return try output.write(JSON.object(members).line)
        }
        for row in self.hidden ? hidden : [embedding] {
            try output.write(row.map(\.description).joined(separator: " ") + "\n")
        }
        if self.hidden { try output.write("\n") }
    }
}
