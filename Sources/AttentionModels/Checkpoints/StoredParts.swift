import AttentionTensors

/// The tensors of a checkpoint, found by its family's names.
struct StoredParts: PartSource {
    private let configuration: TransformerConfiguration
    private let names: CheckpointNames
    private let source: any WeightSource
    private let prefix: String
    let form: StoredForm

    init(_ description: ModelDescription, source: any WeightSource) {
        configuration = description.configuration
        names = description.names
        self.source = source
        prefix = names.prefix(in: source).map { "\($0)." } ?? ""
        form = StoredForm(names)
    }

    var label: String { source.label }

    func contains(_ part: PartAddress) -> Bool {
        guard let place = try? place(of: part) else { return false }
        return source.contains(place.name)
    }

    func tensor(_ part: PartAddress, shape: Shape) throws -> Tensor {
        try stored(place(of: part), shape)
    }

    /// Where a tensor is stored.
    private struct Place {
        let name: String
        /// Whether it belongs to a linear layer of a block, which some checkpoints store the other way round.
        var isLinear = false
        /// The part's rows in a matrix of several parts, and the rows of all.
        var rows: (range: Range<Int>, total: Int)?
        /// The matrix in a stack, and the number of matrices.
        var matrix: (index: Int, count: Int)?
    }

    private func place(of part: PartAddress) throws -> Place {
        switch part {
        case .model(.head, let kind): return Place(name: "\(try names.name(of: .head)).\(kind)")
        case .model(let part, let kind):
            return Place(name: "\(prefix)\(try names.name(of: part)).\(kind)")
        case .block(let layer, let part, let kind):
            let block = configuration.blocks[layer]
            let path = "\(prefix)\(names.layers).\(layer)."
            if let join = names.join(of: part),
                !join.isOptional || source.contains("\(path)\(join.name).weight")
            {
                let counts = join.parts.map { block.size(of: $0, width: configuration.width).outputs }
                let before = counts[..<(join.parts.firstIndex(of: part) ?? 0)].reduce(0, +)
                let own = block.size(of: part, width: configuration.width).outputs
                return Place(
                    name: "\(path)\(join.name).\(kind)", isLinear: true,
                    rows: (before..<before + own, counts.reduce(0, +)))
            }
            return Place(
                name: "\(path)\(try names.name(of: part)).\(kind)", isLinear: !part.isNorm)
        case .expert(let layer, let part, let expert):
            let path = "\(prefix)\(names.layers).\(layer)."
            let name = try names.name(of: part)
            if let names = NumberedName(name) {
                return Place(name: "\(path)\(names[expert]).weight", isLinear: true)
            }
            let count = configuration.blocks[layer].feedForward.experts?.count ?? 0
            return Place(name: "\(path)\(name).weight", matrix: (expert, count))
        }
    }

    private func stored(_ place: Place, _ shape: Shape) throws -> Tensor {
        let isTransposed = names.isTransposed && place.isLinear && shape.rank == 2
        var whole = shape.extents
        if let rows = place.rows { whole[0] = rows.total }
        if isTransposed { whole.reverse() }
        if let matrix = place.matrix { whole.insert(matrix.count, at: 0) }
        var tensor = try source.tensor(place.name, shape: Shape(whole))
        if let matrix = place.matrix { tensor = tensor.selecting(axis: 0, matrix.index) }
        if isTransposed { tensor = tensor.transposed(0, 1).contiguous() }
        if let rows = place.rows { tensor = tensor.sliced(axis: 0, rows.range) }
        return tensor.contiguous()
    }
}
