import AttentionTensors

extension ElementType {
    /// The types' names in a header, in the order in which a writer sorts tensors: widest first, so that
    /// every tensor is aligned to its own element. The order within a width is the reference writer's.
    private static let safetensorsNames: [(ElementType, String)] = [
        (.uint64, "U64"), (.int64, "I64"), (.float64, "F64"),
        (.float32, "F32"), (.uint32, "U32"), (.int32, "I32"),
        (.bfloat16, "BF16"), (.float16, "F16"), (.uint16, "U16"), (.int16, "I16"),
        (.int8, "I8"), (.uint8, "U8"), (.bool, "BOOL"),
    ]

    init?(safetensorsName name: String) {
        guard let match = Self.safetensorsNames.first(where: { $0.1 == name }) else { return nil }
        self = match.0
    }

    /// The place in the writing order, and the name.
    var safetensorsRankAndName: (rank: Int, name: String) {
        // The table names every type but those of blocks, which the writer refuses; the round-trip test walks
        // through.
        let rank = Self.safetensorsNames.firstIndex { $0.0 == self }!
        return (rank, Self.safetensorsNames[rank].1)
    }
}
