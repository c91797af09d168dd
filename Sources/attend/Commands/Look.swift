import ArgumentParser
import AttentionFiles
import AttentionGeneration
import AttentionMaps
import AttentionModels
import AttentionTasks
import AttentionTokenizers
import Foundation

/// `attend look`: the attention weights of a model in a text.
struct Look: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the attention weights of a model in a text, as a map.",
        usage: "attend look --model <model> <text> [what to show] [files to write]",
        discussion: """
            The model is an encoder or a language model. A row of the map is a token that looks, a column \
            a token that it looks at, and a weight, from 0 to 1, the part of the row's new vector that \
            comes from the column. Every row sums to 1. Layers and heads are counted from 0.

            Without a file the map is drawn in the terminal: the mean over the heads of the last layer, \
            unless --layer, --head or --rollout choose another one. With files, nothing is drawn in the \
            terminal.

              attend look --model all-MiniLM-L6-v2 "The animal was too tired."
              attend look --model all-MiniLM-L6-v2 "River bank" --layer 2 --head 5
              attend look --model all-MiniLM-L6-v2 "River bank" --html page.html
              attend look --model Qwen3-0.6B "The capital of France is" --generate 8

            With --generate a language model continues the text. The rows are then the generated tokens, \
            and the columns all tokens.

            Some tokens get most of the weight whatever the text says: [CLS] and [SEP] in encoders, the \
            first token in language models. --hide-special and --hide-first show the rest.

            The map of a long text is large: a page takes about 1.4 bytes a weight and the numbers in JSON \
            about 10, and there are layers × heads × tokens² weights. Runs of neighbouring tokens share \
            rows and columns where a page would have more than 8 million weights (11 MB) or a picture \
            would be drawn from more than 64 million, and in the terminal from 100 tokens on. A note then \
            says so. --resolution sets the number of rows and columns.

            A text that is longer than an encoder reads is cut at its end, and a note says so. A language \
            model refuses it.
            """)

    @OptionGroup(title: "Model") var options: ModelOptions

    @Argument(help: "The text, in quotes, and after -- if it begins with a dash; - reads standard input.")
    var text: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("A second text, for models that read two at once.", valueName: "text"))
    var pair: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Language models: the number of tokens, at most, by which the model continues the text. It "
                + "takes the most probable ones, and they are the rows of the map.", valueName: "count"))
    var generate: Int?

    @OptionGroup(title: "What to show") var selection: MapOptions

    @OptionGroup(title: "Files to write (- is standard output)") var files: MapFiles

    func validate() throws {
        if selection.rollout, files.json != nil {
            throw ValidationError("--json writes the weights of layers and heads; leave out --rollout")
        }
        guard let generate else { return }
        if generate < 1 { throw ValidationError("--generate is \(generate); expected 1 or more") }
        if selection.rollout {
            throw ValidationError(
                "--rollout needs the rows of all tokens, and --generate shows those of some")
        }
    }

    func run() throws {
        try options.withPath { path in
            let file = try ModelFile(path: path)
            let capture =
                ModelKind(of: file) == .decoder
                ? try self.capture(LanguageModel(file)) : try self.capture(TextEmbedder(file))
            if files.isEmpty {
                try draw(capture)
            } else {
                try files.write(capture, selection)
            }
        }
    }

    private func capture(_ embedder: TextEmbedder) throws -> MapCapture {
        guard generate == nil else {
            throw ValidationError("--generate is for language models; \(embedder.name) is an encoder")
        }
        try selection.check(embedder.encoder)
        embedder.notes.forEach(Messages.note)
        let text = try TextArgument.read(text)
        let encoding = try embedder.tokenize(text, pair: pair)
        if encoding.count == embedder.maximumLength { try embedder.noteCut(text, pair: pair) }
        return MapCapture(embedder, encoding, text: text, pair: pair)
    }

    private func capture(_ model: LanguageModel) throws -> MapCapture {
        guard pair == nil else {
            throw ValidationError(
                "--pair is for models that read two texts; \(model.name) is a language model")
        }
        try selection.check(model.decoder)
        let text = try TextArgument.read(text)
        var ids = try model.tokenize(prompt: text)
        try checkLength(ids.count, longest: model.decoder.configuration.longestSequence)
        guard let generate else { return try MapCapture(model, ids, text: text) }
        let prompt = ids.count
        var continuation = ""
        var generation = try model.generation(of: ids, GenerationOptions(maximumTokens: generate))
        while let token = try generation.next() {
            ids.append(token.id)
            continuation += token.text
        }
        return try MapCapture(
            model, ids, text: text, generated: prompt..<ids.count, continuation: continuation)
    }

    /// - Throws: ``GenerationError``; ``Failure`` where only the text with what the model adds is too long.
    private func checkLength(_ count: Int, longest: Int) throws {
        guard count <= longest else { throw GenerationError.textTooLong(tokens: count, longest: longest) }
        guard let generate, generate > longest - count else { return }
        throw Failure(
            .badData,
            "--generate is \(generate), but behind the text's \(count == 1 ? "token" : "\(count) tokens") the model "
                + "has room for "
                + "\(longest - count): shorten the text or lower --generate")
    }

    /// The tokens from which on a map in the terminal has runs of tokens.
    private static let manyTokens = 100

    private func draw(_ capture: MapCapture) throws {
        let chosen =
            selection.selection(lastLayer: capture.lastLayer) ?? .meanOfHeads(layer: capture.lastLayer)
        let width = Terminal.width(of: STDOUT_FILENO)
        var resolution = selection.resolution.map { AttentionMap.Resolution($0) }
        if resolution == nil, capture.tokenCount >= Self.manyTokens {
            let fitting = AttentionMap.resolution(forTerminalOfWidth: width, height: Self.manyTokens)
            resolution = fitting
            Messages.note(
                "the text has \(capture.tokenCount) tokens; runs of them share at most \(fitting.rows) rows and "
                    + "\(fitting.columns) columns. --resolution \(capture.tokenCount) shows every token")
        }
        let isTerminal = StandardOutput.isTerminal
        let text = try capture.map(for: chosen, resolution: resolution).terminalText(
            chosen, width: width,
            color: .detect(environment: ProcessInfo.processInfo.environment, isTerminal: isTerminal),
            hiding: selection.hidden)
        var output = StandardOutput()
        try output.write(text)
        try output.flush()
    }
}
