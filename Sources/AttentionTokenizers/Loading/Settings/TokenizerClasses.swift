import AttentionJSON

/// The reference library's classes of tokenizers, as far as they change what a file means.
enum TokenizerClasses {
    /// Those that read a `vocab.txt` as BERT does.
    static let bert: [ExactString] = [
        "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer",
        "ConvBertTokenizer", "RetriBertTokenizer", "SqueezeBertTokenizer", "LayoutLMTokenizer",
        "LxmertTokenizer", "RealmTokenizer", "DPRQuestionEncoderTokenizer", "DPRContextEncoderTokenizer",
        "DPRReaderTokenizer",
    ]
    static let mpnet: [ExactString] = ["MPNetTokenizer"]
    /// Those that read a `vocab.json` with its `merges.txt` as GPT-2 does, and so on.
    static let gpt2: [ExactString] = ["GPT2Tokenizer", "CodeGenTokenizer"]
    static let roberta: [ExactString] = [
        "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer",
    ]
    static let qwen2: [ExactString] = ["Qwen2Tokenizer"]
    /// Those that read a `tokenizer.model` with rules of their own.
    static let llama: [ExactString] = ["LlamaTokenizer"]
    static let gemma: [ExactString] = ["GemmaTokenizer"]
    /// Those that give the pieces of a `tokenizer.model` other ids, or cut its text in another way.
    static let renumbering: [ExactString] = [
        "XLMRobertaTokenizer", "CamembertTokenizer", "MBartTokenizer", "MBart50Tokenizer", "NllbTokenizer",
        "BarthezTokenizer", "BartphoTokenizer", "PegasusTokenizer", "AlbertTokenizer", "XLNetTokenizer",
        "BigBirdTokenizer", "DebertaV2Tokenizer", "T5Tokenizer", "RemBertTokenizer", "ReformerTokenizer",
        "FNetTokenizer", "XGLMTokenizer", "M2M100Tokenizer", "SeamlessM4TTokenizer", "MarianTokenizer",
        "BertGenerationTokenizer", "CpmTokenizer", "PLBartTokenizer", "UdopTokenizer", "LayoutXLMTokenizer",
        "Speech2TextTokenizer", "SpeechT5Tokenizer",
    ]

    /// The class that `tokenizer_class` names, without `Fast`.
    static func name(_ field: JSONValue?) throws(TokenizerError) -> ExactString? {
        guard let name = try field?.string() else { return nil }
        return ExactString(
            name.utf8.suffix(4).elementsEqual("Fast".utf8) ? Substring(name.utf8.dropLast(4)) : name[...])
    }

    /// The class that a `config.json` names, or that goes with its kind of model.
    static func name(inModelConfiguration root: JSONValue) throws(TokenizerError) -> ExactString? {
        if let name = try name(root.optional("tokenizer_class")) { return name }
        guard let model = try root.optional("model_type")?.string() else { return nil }
        return byModel[ExactString(model)]
    }

    private static let byModel: [ExactString: ExactString] = {
        let table: [(name: ExactString, models: [ExactString])] = [
            (
                "RobertaTokenizer",
                [
                    "roberta", "roberta-prelayernorm", "bart", "longformer", "led", "mvp", "ibert", "mega",
                    "mra",
                    "data2vec-text", "lilt", "clap", "bridgetower",
                ]
            ),
            (
                "Qwen2Tokenizer",
                [
                    "qwen2", "qwen2_moe", "qwen2_vl", "qwen2_5_vl", "qwen2_5_omni", "qwen2_audio", "qwen3",
                    "qwen3_moe", "qwen3_next", "qwen3_vl", "qwen3_vl_moe",
                ]
            ),
            ("MPNetTokenizer", ["mpnet"]),
            ("GemmaTokenizer", ["gemma", "gemma2", "gemma3", "gemma3_text", "recurrent_gemma"]),
            ("WhisperTokenizer", ["whisper"]),
            ("CLIPTokenizer", ["clip", "clipseg"]),
            ("DebertaTokenizer", ["deberta"]),
            ("BlenderbotTokenizer", ["blenderbot"]),
            ("GPTNeoXTokenizer", ["gpt_neox"]),
            ("CohereTokenizer", ["cohere", "cohere2"]),
            ("XLMRobertaTokenizer", ["xlm-roberta", "xmod"]),
            ("CamembertTokenizer", ["camembert"]),
            ("T5Tokenizer", ["t5", "mt5", "switch_transformers"]),
        ]
        var classes: [ExactString: ExactString] = [:]
        for (name, models) in table { for model in models { classes[model] = name } }
        return classes
    }()
}
