import ArgumentParser
import AttentionMaps
import Foundation

/// The files that maps are written to.
struct MapFiles: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A page of all layers and heads, complete in one file, for a browser.", valueName: "path"),
        completion: .file(extensions: ["html"]))
    var html: String?

    @Option(
        help: ArgumentHelp(
            "A drawing of what --layer, --head or --rollout choose, by default all heads in small.",
            valueName: "path"), completion: .file(extensions: ["svg"]))
    var svg: String?

    @Option(
        help: ArgumentHelp("The same as a picture in pixels.", valueName: "path"),
        completion: .file(extensions: ["png"]))
    var png: String?

    @Option(
        help: ArgumentHelp(
            "The numbers, weights[layer][head][query][key] with tokens, layers and heads, of what --layer and "
                + "--head choose, by default of all. With --generate, queries and keys stand in the place of tokens.",
            valueName: "path"),
        completion: .file(extensions: ["json"]))
    var json: String?

    private var paths: [String] { [html, svg, png, json].compactMap { $0 } }

    var isEmpty: Bool { paths.isEmpty }

    func validate() throws {
        if Set(paths).count < paths.count {
            throw ValidationError("two of --html, --svg, --png and --json would be written to the same place")
        }
        if paths.contains("") { throw ValidationError("the name of a file to write is empty") }
    }

    func write(_ capture: MapCapture, _ options: MapOptions) throws {
        let selection = options.selection(lastLayer: capture.lastLayer)
        let hides = options.hideSpecial
        let chosen = try capture.map(for: selection)
        if let html { try write(Array((selection == nil ? chosen : capture.map()).html().utf8), to: html) }
        if let svg { try write(Array(chosen.svg(selection, hidingSpecialTokens: hides).utf8), to: svg) }
        if let png { try write([UInt8](chosen.png(selection, hidingSpecialTokens: hides)), to: png) }
        if let json { try write([UInt8](chosen.json()), to: json) }
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = OutputFile(path: path)
        try file.write(bytes)
        if !file.isStandardOutput { Messages.note("wrote \(path) (\((bytes.count + 1023) / 1024) KiB)") }
    }
}
