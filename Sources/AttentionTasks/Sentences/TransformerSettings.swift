import AttentionFiles
import AttentionJSON

/// The settings of a sentence-transformers model's encoder: `sentence_bert_config.json` in the folder of the
/// module `Transformer`, or the first file of an older name that holds anything.
struct TransformerSettings {
    /// The greatest number of tokens, special ones included; nil: the tokenizer's.
    var maximumLength: Int?
    var lowercases = false
    /// The greatest number of tokens of a query and of a document, where ``TextEmbedder`` ranks.
    var queryLength, documentLength: Int?

    init() {}

    /// Whether one of the files is in the folder.
    static func isIn(_ folder: ModelFolder) -> Bool {
        ModelFolder.sentenceSettingsNames.contains { folder.path(ofFile: $0) != nil }
    }

    /// - Throws: `ModelFileError`, also for a setting that would change the vectors and is not implemented.
    init(_ folder: ModelFolder, notes: inout [String]) throws {
        for name in ModelFolder.sentenceSettingsNames {
            let settings = try SettingsReader(folder, name)
            guard !settings.isEmpty else { continue }
            try read(settings, notes: &notes)
            return
        }
    }

    private mutating func read(_ settings: SettingsReader, notes: inout [String]) throws {
        try settings.refuseMembers(besides: Self.known)
        lowercases = try settings.bool("do_lower_case") ?? false
        maximumLength = try settings.integer("max_seq_length", in: 2...Int.max)
        queryLength = try settings.integer("query_length", in: 2...Int.max)
        documentLength = try settings.integer("document_length", in: 2...Int.max)
        if let task = try settings.string("transformer_task"), ExactString(task) != "feature-extraction" {
            throw settings.invalid("transformer_task", expected: "feature-extraction")
        }
        if let output = try settings.string("module_output_name"), ExactString(output) != "token_embeddings" {
            throw settings.invalid("module_output_name", expected: "token_embeddings")
        }
        for name in ["query_expansion", "tokenizer_name_or_path"] where settings.value(name) != nil {
            throw settings.invalid(name, expected: "null, as nothing else is implemented")
        }
        try readModalities(settings)
        try readProcessing(settings.settings("processing_kwargs"))
        try readArguments(settings, notes: &notes)
    }

    private static let known: Set<ExactString> = [
        "max_seq_length", "do_lower_case", "transformer_task", "modality_config", "module_output_name",
        "processing_kwargs", "unpad_inputs", "query_length", "document_length", "query_expansion",
        "tokenizer_name_or_path", "model_args", "tokenizer_args", "config_args", "model_kwargs",
        "processor_kwargs", "config_kwargs",
    ]

    /// Texts must lead to the last hidden states. Where there are messages, every text becomes one.
    private func readModalities(_ settings: SettingsReader) throws {
        let modalities = try settings.settings("modality_config")
        guard settings.value("modality_config") != nil else { return }
        if modalities.contains("message") {
            throw modalities.invalid("message", expected: "texts that are read as they are")
        }
        let text = try modalities.settings("text")
        guard try text.string("method").map({ ExactString($0) }) == "forward",
            try text.string("method_output_name").map({ ExactString($0) }) == "last_hidden_state"
        else {
            throw modalities.invalid("text", expected: "the method forward and its last_hidden_state")
        }
    }

    /// The arguments of the tokenizer's call. Any other argument could change the tokens and is refused.
    private mutating func readProcessing(_ settings: SettingsReader) throws {
        for name in ["text", "common"] {
            let call = try settings.settings(name)
            try call.refuseMembers(besides: ["max_length", "padding", "truncation", "return_tensors"])
            if let length = try call.integer("max_length", in: 2...Int.max) { maximumLength = length }
            let truncation = call.value("truncation")
            guard
                truncation == nil || truncation?.boolValue == true
                    || truncation?.stringValue.map({ ExactString($0) }) == "longest_first"
            else { throw call.invalid("truncation", expected: "true or longest_first") }
        }
    }

    /// The arguments for loading the model, the tokenizer and the configuration.
    private mutating func readArguments(_ settings: SettingsReader, notes: inout [String]) throws {
        for name in ["model_args", "model_kwargs", "config_args", "config_kwargs"] {
            try settings.settings(name).noteMembers(besides: Self.withoutEffect, in: &notes)
        }
        for name in ["tokenizer_args", "processor_kwargs"] {
            let arguments = try settings.settings(name)
            if let length = try arguments.integer("model_max_length", in: 2...Int.max) {
                maximumLength = length
            }
            arguments.noteMembers(besides: Self.withoutEffect.union(["model_max_length"]), in: &notes)
        }
    }

    /// Arguments that change where a model is computed or how it is found, and no number beyond rounding.
    private static let withoutEffect: Set<ExactString> = [
        "add_pooling_layer", "attn_implementation", "cache_dir", "code_revision", "device_map",
        "local_files_only", "low_cpu_mem_usage", "output_attentions", "padding_side", "revision", "token",
        "trust_remote_code", "unpad_inputs", "use_cache", "use_fast", "use_memory_efficient_attention",
        "use_safetensors",
    ]
}
