import ArgumentParser
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
            A row is a token that looks, a column a token that is looked at, and a weight, from 0 to 1, says how \
            much of the row's new vector comes from the column. Every row sums to 1. Layers and heads are \
            counted from 0.

            Without a file the map is drawn in the terminal: the mean over the heads of the last layer, unless \
            --layer, --head or --rollout say otherwise. With files, nothing is drawn in the terminal.

              attend look --model all-MiniLM-L6-v2 "The animal was too tired."
              attend look --model all-MiniLM-L6-v2 "River bank" --layer 2 --head 5
              attend look --model all-MiniLM-L6-v2 "River bank" --html page.html

            A long text fills many screens; --resolution 32 shows it in 32 rows and columns, a run of tokens each.

            [CLS] and [SEP] often get most of the weight; --hide-special shows the rest. \
            A text that is longer than the model reads is cut at its end, and a note says so.
            """)

    @OptionGroup(title: "Model") var options: ModelOptions

    @Argument(help: "The text, in quotes; - reads standard input.")
    var text: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("A second text, for models that read two at once.", valueName: "text"))
    var pair: String?

    @OptionGroup(title: "What to show") var selection: MapOptions

    @OptionGroup(title: "Files to write (- is standard output)") var files: MapFiles

    func run() throws {
        try options.withModel { embedder in
            try selection.check(embedder.encoder.configuration)
            let text = try TextArgument.read(text)
            let encoding = try embedder.tokenize(text, pair: pair)
            if encoding.count == embedder.maximumLength { try embedder.noteCut(text, pair: pair) }
            let capture = MapCapture(
                embedder: embedder, encoding: encoding, text: text, pair: pair,
                resolution: selection.resolution)
            if files.isEmpty {
                try draw(capture)
            } else {
                try files.write(capture, selection)
            }
        }
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
