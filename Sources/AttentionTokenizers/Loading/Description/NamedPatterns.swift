/// The table of llama.cpp's names of pre-tokenisers, with the patterns and rules of each.
///
/// The patterns are those that the models were published with. llama.cpp approximates some of them; where it
/// says what it approximates, the original stands here. (Its `src/llama-vocab.cpp` has the list.)
struct NamedPatterns {
    let names: [String]
    /// The cuts, each within the words of the one before.
    let patterns: [String]
    /// The words that become a token as a whole, whatever the merges say.
    var wholeWords = BytePairEncoding.WholeWords.none
    /// Whether texts begin with the begin token where the file does not say it.
    var addsBegin = false
    /// Whether they do so even where it says no, as the first files of Gemma 4 do by mistake.
    var needsBegin = false
    /// Whether words are bytes in the ``ByteAlphabet``; otherwise they are text, with `▁` for spaces.
    var writesBytes = true

    static let all = [
        NamedPatterns(
            names: [
                "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de",
                "jina-v2-code", "roberta-bpe", "mpt", "olmo", "jais", "gigachat", "a.x-4.0", "mellum",
                "modern-bert", "exaone4", "trillion", "granite-docling",
            ], patterns: [gpt2]),
        NamedPatterns(
            names: [
                "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2",
            ], patterns: [number, gpt2]),
        NamedPatterns(
            names: [
                "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
                "jina-v5-nano",
            ], patterns: [llama3], wholeWords: .all, addsBegin: true),
        NamedPatterns(names: ["glm4", "glm5"], patterns: [llama3], wholeWords: .all),
        NamedPatterns(names: ["chatglm-bpe", "dbrx", "smaug-bpe"], patterns: [llama3]),
        NamedPatterns(names: ["minicpm5"], patterns: [numbersOfThree, llama3], wholeWords: .all),
        NamedPatterns(names: ["jais-2"], patterns: [jais2]),
        NamedPatterns(
            names: [
                "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "megrez", "hunyuan",
                "solar-open", "grok-2",
            ], patterns: [qwen2]),
        NamedPatterns(names: ["laguna"], patterns: [lines, qwen2]),
        NamedPatterns(names: ["qwen35"], patterns: [qwen35]),
        NamedPatterns(names: ["ufakzeka"], patterns: [ufakzeka]),
        NamedPatterns(names: ["bailingmoe", "bailingmoe2", "llada-moe"], patterns: [bailing]),
        NamedPatterns(names: ["seed-coder"], patterns: [seedCoder]),
        NamedPatterns(names: ["exaone-moe"], patterns: [exaoneMoE]),
        NamedPatterns(names: ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], patterns: [gpt4o]),
        NamedPatterns(names: ["granite-embed-multi-97m"], patterns: [gpt4o], wholeWords: .all),
        NamedPatterns(names: ["tiny_aya", "cohere2moe"], patterns: [DigitGroups.tinyAya.source, gpt4o]),
        NamedPatterns(names: ["kimi-k2"], patterns: [kimi]),
        NamedPatterns(names: ["tekken"], patterns: [tekken], wholeWords: .all, addsBegin: true),
        NamedPatterns(names: ["youtu"], patterns: [eastAsian, youtu], wholeWords: .all),
        NamedPatterns(
            names: ["deepseek-llm"],
            patterns: [
                lineBreak, casedLetters,
                #"\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+"#,
                #"\s+$"#, ideographsAndHangul, #"\p{N}+"#,
            ]),
        NamedPatterns(
            names: ["deepseek-coder"],
            patterns: [lineBreak, #"\s?\p{L}+"#, #"\s?\p{P}+"#, ideographsAndHangul, number]),
        NamedPatterns(
            names: ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
            patterns: [numbersOfThree, ideographsAndKana, deepSeek3 + lineBreaks]),
        NamedPatterns(
            names: ["spark2_5"],
            patterns: [numbersOfThree, ideographsAndKana, deepSeek3 + #"|[\r\n]|\s+(?!\S)|\s+"#, number]),
        NamedPatterns(
            names: ["afmoe"],
            patterns: [DigitGroups.afmoe.source, asianScripts, deepSeek3 + lineBreaks]),
        NamedPatterns(names: ["falcon"], patterns: [#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, "[0-9][0-9][0-9]"]),
        NamedPatterns(
            names: ["default"], patterns: [#"[\p{P}\$\+<=>\^~\|]+"#, gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]"]),
        NamedPatterns(names: ["bloom", "gpt3-finnish", "poro-chat"], patterns: [bloom]),
        NamedPatterns(names: ["viking"], patterns: [bloom, number]),
        NamedPatterns(
            names: ["chameleon"],
            patterns: [
                "<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", #"([\t\n]|    |  )"#, number,
                #"[\p{P}!-/:-@\[-`{-~]"#, gpt2,
            ], addsBegin: true),
        NamedPatterns(names: ["superbpe"], patterns: [#"\p{N}+"#, DigitGroups.superBPE.source]),
        NamedPatterns(
            names: ["gemma4", "granite-embed-multi-311m"], patterns: [lines], wholeWords: .lineBreaks,
            needsBegin: true, writesBytes: false),
        NamedPatterns(names: ["sarvam-moe"], patterns: [lines], writesBytes: false),
    ]
}
