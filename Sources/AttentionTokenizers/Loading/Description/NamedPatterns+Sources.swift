/// The published patterns, put together from their common parts.
extension NamedPatterns {
    static let gpt2 = WordScanner.gpt2.source
    static let llama3 = WordScanner.llama3.source
    static let qwen2 = WordScanner.qwen2.source

    static let number = #"\p{N}"#
    static let numbersOfThree = #"\p{N}{1,3}"#
    static let lineBreak = #"[\r\n]"#
    static let lines = #"[^\n]+|[\n]+"#

    static let contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    static let word = #"|[^\r\n\p{L}\p{N}]?\p{L}+"#
    /// The end of most patterns: signs with the line breaks behind them, then white space.
    static let signs = #"| ?[^\s\p{L}\p{N}]+[\r\n]*"#
    static let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    static let lineBreaks = #"[\r\n]*"# + spaces

    /// Llama 3's with white space in powers of two.
    static let jais2 =
        contraction + word + #"|\p{N}{1,3}"# + signs + #"|\s*[\r\n]+"#
        + [512, 256, 128, 64, 32, 16, 8, 4].map { #"|\s{\#($0)}(?!\S)"# }.joined()
        + #"|\s{1,2}(?!\S)|\s{1}"#
    /// Qwen 2's with marks in words.
    static let qwen35 =
        contraction + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"# + spaces
    /// Qwen 2's without contractions, which would cut Turkish suffixes off.
    static let ufakzeka = #"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + signs + spaces
    static let bailing =
        "'(?i:[sdmt]|ll|ve|re)" + word + #"|\p{N}"# + signs + #"|\s*[\r\n]|\s+(?!\S)|\s+"#
    static let seedCoder =
        contraction + word + #"|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+"# + spaces
    static let exaoneMoE =
        contraction + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"#
        + #"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"#

    // Words of capitals and then small letters.

    private static func cased(_ but: String = "", contraction: String) -> String {
        let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"# + but + "]"
        let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}"# + but + "]"
        let lead = #"[^\r\n\p{L}\p{N}]?"#
        return lead + upper + "*" + lower + "+" + contraction + "|" + lead + upper + "+" + lower + "*"
            + contraction
    }

    static let pathSigns = #"| ?[^\s\p{L}\p{N}]+[\r\n/]*"#

    static let gpt4o = cased(contraction: contraction + "?") + #"|\p{N}{1,3}"# + pathSigns + spaces
    static let youtu = cased(contraction: contraction + "?") + #"|\p{N}"# + pathSigns + spaces
    static let tekken = cased(contraction: "") + #"|\p{N}"# + pathSigns + spaces
    static let kimi =
        #"[\p{Han}]+|"# + cased(#"&&[^\p{Han}]"#, contraction: contraction + "?") + #"|\p{N}{1,3}"# + signs
        + spaces

    // DeepSeek's and its like.

    /// Up to the line breaks behind signs.
    static let deepSeek3 =
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
        + #"| ?[\p{P}\p{S}]+"#
    static let ideographsAndKana = #"[\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+"#
    static let ideographsAndHangul = #"[\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+"#
    static let asianScripts =
        #"[\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{8C48}-\x{FAFF}\x{3040}-\x{309F}\x{30A0}-\x{30FF}"#
        + #"\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF}\x{E40}-\x{E7F}\x{E80}-\x{EFF}\x{1780}-\x{17FF}"#
        + #"\x{1000}-\x{109F}\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF}\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}]+"#
    static let eastAsian =
        #"[\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019}"#
        + #"\x{2014}\x{FF1A}\x{FF1B}\x{FF0C}\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+"#
        + #"|[\x{3105}-\x{312F}]+|"# + ideographsAndKana

    static let bloom =
        #" ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+"#

    /// The letters that have cases, as DeepSeek's first file lists them.
    static let casedLetters =
        #"\s?[A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}"#
        + #"\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}"#
        + #"\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}"#
        + #"\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}"#
        + #"\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}"#
        + #"\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}"#
        + #"\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}"#
        + #"\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}"#
        + #"\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}"#
        + #"\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}"#
        + #"\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}"#
        + #"\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F}"#
        + #"\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}"#
        + #"\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}"#
        + #"\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}"#
        + #"\x{1E900}-\x{1E943}]+"#
}
