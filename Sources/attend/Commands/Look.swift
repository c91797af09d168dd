import ArgumentParser
import AttentionFiles
import AttentionGeneration
import AttentionMaps
import AttentionModels
import AttentionTokenizers
import Foundation

/// `attend look`: which tokens look at which.
struct Look: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a model looks at in a text: its attention weights, as a map.",
        usage: "attend look --model <model> <text> [what to show] [files to write]",
        discussion: """
            The model is an encoder or a language model. A row is a token that looks, a column a token that is looked at, and a weight, from 0 to 1, says how \
            much of the row's new vector comes from the column. Every row sums to 1. Layers and heads are \
            counted from 0.

            Without a file the map is drawn in the terminal: the mean over the heads of the last layer, unless \
            --layer, --head or --rollout say otherwise. With files, nothing is drawn in the terminal.

              attend look --model all-MiniLM-L6-v2 "The animal was too tired."
              attend look --model all-MiniLM-L6-v2 "River bank" --layer 2 --head 5
              attend look --model all-MiniLM-L6-v2 "River bank" --html page.html
              attend look --model Qwen3-0.6B "The capital of France is" --generate 8

            A language model looks at the text as it is given, and with --generate at its own continuation, too: the \
            rows are then the generated tokens, and the columns all tokens before them.

            A long text fills many screens; --resolution 32 shows it in 32 rows and columns, a run of tokens each.

            [CLS] and [SEP] often get most of the weight; --hide-special shows the rest. \
            A text that is longer than the model reads is cut at its end, and a note says so.
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
            "Language models: let the model continue the text by at most so many tokens, the most probable ones, and "
                + "show what these look at.", valueName: "count"))
    var generate: Int?

    @OptionGroup(title: "What to show") var selection: MapOptions

    @OptionGroup(title: "Files to write (- is standard output)") var files: MapFiles

    func validate() throws {
        if selection.rollout, files.json != nil {
            throw ValidationError("--json writes the weights of layers and heads, and goes with no --rollout")
        }
        guard let generate else { return }
        if generate < 1 { throw ValidationError("--generate is \(generate); expected 1 or more") }
        if selection.rollout || selection.resolution != nil {
            throw ValidationError("--generate shows single rows, and goes with no --rollout or --resolution")
        }
    }

    func run() throws {
        try options.withPath { path in
            let capture =
                LanguageModel.isOne(at: path)
                ? try self.capture(LanguageModel(path: path))
                : try self.capture(TextEmbedder(folder: ModelFolder(path: path)))
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
        let text = try TextArgument.read(text)
        let encoding = try embedder.tokenize(text, pair: pair)
        if encoding.count == embedder.maximumLength { try embedder.noteCut(text, pair: pair) }
        return MapCapture(embedder, encoding, text: text, pair: pair, resolution: selection.resolution)
    }

    private func capture(_ model: LanguageModel) throws -> MapCapture {
        guard pair == nil else {
            throw ValidationError(
                "--pair is for models that read two texts; \(model.name) is a language model")
        }
        try selection.check(model.decoder)
        let text = try TextArgument.read(text)
        var ids = try model.tokenize(prompt: text)
        let prompt = ids.count
        if let generate {
            var generation = try model.generation(of: ids, GenerationOptions(maximumTokens: generate))
            while let token = try generation.next() { ids.append(token.id) }
        } else {
            noteLength(ids.count, model.decoder.configuration)
        }
        var capture = try MapCapture(model, ids, text: text, resolution: selection.resolution)
        if generate != nil { capture.queries = prompt..<ids.count }
        return capture
    }

    /// A table of positions ends, and then there is an error; rotary positions go on.
    private func noteLength(_ count: Int, _ configuration: DecoderTransformer.Configuration) {
        guard case .rotary = configuration.positions, count > configuration.longestSequence else { return }
        Messages.note(
            "the text has \(count) tokens; the model was trained on at most \(configuration.longestSequence)."
        )
    }

    private func draw(_ capture: MapCapture) throws {
        let chosen =
            selection.selection(lastLayer: capture.lastLayer) ?? .meanOfHeads(layer: capture.lastLayer)
        let isTerminal = StandardOutput.isTerminal
        let text = try capture.map(for: chosen).terminalText(
            chosen, width: Terminal.width(of: STDOUT_FILENO),
            color: .detect(environment: ProcessInfo.processInfo.environment, isTerminal: isTerminal),
            hidingSpecialTokens: selection.hideSpecial)
        var output = StandardOutput()
        try output.write(text)
        try output.flush()
    }
}
