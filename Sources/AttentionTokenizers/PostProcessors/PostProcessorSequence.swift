import AttentionJSON

/// Several post-processors. Of those that add tokens, the last one counts.
struct PostProcessorSequence: PostProcessor {
    static let type = "Sequence"

    let templates: (single: Template, pair: Template)?
    let trimming: OffsetTrimming?

    init(reading value: JSONValue, id: (String) -> Int?) throws(TokenizerError) {
        var templates: (single: Template, pair: Template)?
        var trimming: OffsetTrimming?
        for element in try value.required("processors").array() {
            let processor = try PostProcessors.read(element, id: id)
            templates = processor.templates ?? templates
            trimming = processor.trimming ?? trimming
        }
        self.templates = templates
        self.trimming = trimming
    }
}
