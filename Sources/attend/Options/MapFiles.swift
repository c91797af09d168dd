import ArgumentParser
import AttentionJSON
import AttentionMaps
import Foundation

/// The files that maps are written to.
struct MapFiles: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A page of all layers and heads, complete in one file, for a browser. It opens on the map that "
                + "--layer, --head or --rollout choose, by default on the head that chooses tokens most.",
            valueName: "path"),
        completion: .file(extensions: ["html"]))
    var html: String?

    @Option(
        help: ArgumentHelp(
            "A drawing of what --layer, --head or --rollout choose, by default all heads in small.",
            valueName: "path"), completion: .file(extensions: ["svg"]))
    var svg: String?

    @Option(
        help: ArgumentHelp(
            "The same as a picture in pixels. It has no letters of scripts that join or run from the right, "
                + "such as Arabic; the other files show them.", valueName: "path"),
        completion: .file(extensions: ["png"]))
    var png: String?

    @Option(
        help: ArgumentHelp(
            "The numbers, weights[layer][head][query][key] with tokens, layers and heads, of what --layer "
                + "and "
                + "--head choose, by default of all. With --generate, --hide-special or --hide-first, "
                + "queries and keys stand in the place of tokens.",
            valueName: "path"),
        completion: .file(extensions: ["json"]))
    var json: String?

    private var paths: [String] { [html, svg, png, json].compactMap { $0 } }

    var isEmpty: Bool { paths.isEmpty }

    func validate() throws {
        if Set(paths.map { ExactString($0) }).count < paths.count {
            throw ValidationError("two of --html, --svg, --png and --json would be written to the same place")
        }
        if paths.contains(where: \.isEmpty) { throw ValidationError("the name of a file to write is empty") }
    }

    /// The most weights of a page, about 11 MB; a browser is slow with more.
    private static let mostInPage = 8_000_000
    /// The most weights that a picture is drawn from, 256 MB of memory.
    private static let mostInPicture = 64_000_000
    /// From so many weights on, about 100 MB, a note says how large the numbers' file becomes.
    private static let manyNumbers = 10_000_000

    func write(_ capture: MapCapture, _ options: MapOptions) throws {
        let selection = options.selection(lastLayer: capture.lastLayer)
        if let html {
            let map = try map(of: nil, capture, options, mostWeights: Self.mostInPage, "--html")
            try write(Array(map.html(selection, hiding: options.hidden).utf8), to: html)
        }
        if svg != nil || png != nil {
            let map = try map(
                of: selection, capture, options, mostWeights: Self.mostInPicture, "--svg and --png")
            if let svg { try write(Array(map.svg(selection, hiding: options.hidden).utf8), to: svg) }
            if let png {
                noteMissingGlyphs(of: map)
                try write([UInt8](map.png(selection, hiding: options.hidden)), to: png)
            }
        }
        if let json {
            let map = try map(of: selection, capture, options, mostWeights: .max, "--json")
                .hiding(options.hidden)
            if map.weights.count >= Self.manyNumbers {
                Messages.note(
                    "--json writes \(map.weights.count) numbers, about \(map.weights.count / 100_000) MB; --layer, "
                        + "--head and --resolution make it smaller")
            }
            try write([UInt8](map.json()), to: json)
        }
    }

    /// The map at the resolution that was asked for, or else at one that keeps it small.
    private func map(
        of selection: AttentionMap.Selection?, _ capture: MapCapture, _ options: MapOptions, mostWeights: Int,
        _ name: String
    ) throws -> AttentionMap {
        if let resolution = options.resolution {
            return try capture.map(for: selection, resolution: .init(resolution))
        }
        guard let resolution = capture.resolution(of: selection, mostWeights: mostWeights) else {
            return try capture.map(for: selection)
        }
        let map = try capture.map(for: selection, resolution: resolution)
        Messages.note(
            "\(name): the map of \(capture.tokenCount) tokens has \(capture.weightCount(of: selection)) weights; "
                + "runs of tokens share \(map.queries.count) rows and \(map.keys.count) columns. --resolution "
                + "\(capture.tokenCount) shows every token")
        return map
    }

    private func noteMissingGlyphs(of map: AttentionMap) {
        let scripts = map.scriptsWithoutGlyphs
        guard !scripts.isEmpty else { return }
        Messages.note(
            "--png has no letters for \(scripts.joined(separator: ", ")) and writes code points; --svg and --html "
                + "show them")
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = OutputFile(path: path)
        try file.write(bytes)
        if !file.isStandardOutput { Messages.note("wrote \(path) (\((bytes.count + 1023) / 1024) KiB)") }
    }
}
