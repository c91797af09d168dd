import ArgumentParser
import AttentionMaps
import AttentionModels

/// The options that choose one of a model's maps.
struct MapOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The layer, from 0 on; by default the last one.", valueName: "number"))
    var layer: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The head, from 0 on; by default the mean of the layer's heads.", valueName: "number"))
    var head: Int?

    @Flag(
        help: """
            Attention roll-out: how much of each token reaches each other one through all layers \
            (arXiv:2005.00928).
            """)
    var rollout = false

    @Flag(
        help: """
            Leave out the columns of [CLS], [SEP] and the like; rows sum to 1 again. The page has a switch \
            for it, which this turns on.
            """)
    var hideSpecial = false

    @Flag(
        help: """
            Leave out the column of the first token, where most heads of a language model rest; rows sum \
            to 1 again.
            """)
    var hideFirst = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The most rows and columns of a map. In a text with more tokens, runs of neighbours stand for "
                + "them: a "
                + "weight then is the part of a run's vectors, on average, that comes from another run.",
            valueName: "number"))
    var resolution: Int?

    /// The columns to leave out.
    var hidden: AttentionMap.HiddenKeys {
        var hidden: AttentionMap.HiddenKeys = []
        if hideSpecial { hidden.insert(.specialTokens) }
        if hideFirst { hidden.insert(.firstToken) }
        return hidden
    }

    func validate() throws {
        if let resolution, resolution < 1 {
            throw ValidationError("--resolution is \(resolution); expected 1 or more")
        }
        if rollout, layer != nil || head != nil {
            throw ValidationError("--rollout goes through all layers and heads; leave out --layer and --head")
        }
        for (name, value) in [("--layer", layer), ("--head", head)] {
            if let value, value < 0 { throw ValidationError("\(name) is \(value); expected 0 or more") }
        }
    }

    /// - Throws: ``Failure`` for a layer or head that the model does not have.
    func check(_ model: some ObservableTransformer) throws {
        for (name, value, count) in [("layer", layer, model.layerCount), ("head", head, model.headCount)] {
            if let value, value >= count {
                throw Failure(
                    .usage, "--\(name) is \(value), but the model's \(name)s are 0 to \(count - 1)")
            }
        }
    }

    /// The map that the options name; nil if they name none.
    func selection(lastLayer: Int) -> AttentionMap.Selection? {
        if rollout { return .rollout }
        if let head { return .head(layer: layer ?? lastLayer, head: head) }
        return layer.map { .meanOfHeads(layer: $0) }
    }
}
