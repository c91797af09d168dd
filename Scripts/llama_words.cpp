// Writes how llama.cpp's named pre-tokenisers cut some texts: the fixture Tests/AttentionTokenizersTests/Fixtures/
// llama_words.json. With llama.cpp's source in $L and its libraries in $L/build/bin:
//
//   g++ -O2 -std=c++17 -I$L/src -I$L/include -I$L/ggml/include Scripts/llama_words.cpp -o llama_words \
//       -L$L/build/bin -lllama -lggml -lggml-base -Wl,-rpath,$L/build/bin
//   ./llama_words $L/models/ggml-vocab-gpt-2.gguf NAME… > Tests/AttentionTokenizersTests/Fixtures/llama_words.json
//
// The patterns are in no header, so that the source itself is included.
#include "llama-vocab.cpp"

#include <cstring>
#include <iostream>

static const std::vector<std::string> texts = {
    "Hello, world! It's 12345678 o'clock.", "DON'T you'LL I'Ve 's 't 're", "camelCase HTTPServer XMLHttp2 ÀÉÎ Straße",
    "a  b   c\n\n  d \r\n\te \n", "   lead", "trail   ", "\n\n\n", " \t \n x", "1 12 123 1234 12345 1,234.56 x1 1x a1b2",
    "²½Ⅷ ٣٤٥ १२३४", "Привет МИР ΕΛΛΑΔΑ ελλάδα", "中文漢字 ひらがな カタカナ、日本語。", "한국어 가나 ㄱㅏ", "हिन्दी বাংলা ไทย ខ្មែរ မြန်မာ",
    "e\u0301a\u0323\u0301 \u0301x", "😀👨\u200d👩\u200d👧 ❤️ 🇩🇪", "a_b __init__ $var +x -y /path/to\n//c", "(a) [b] {c} <d> \"e\" 'f' `g`",
    "!!! ... ?! #$%&* ~^|\\", "“quoted” ‘single’ — … ！？：（）", "x\u00a0y\u2028z\u3000w\u0085v", "IMGIMGABCZ <sentinel:12> IMGIMGZ",
    "if (x == 1) {\n        return y;\n    }\n", "word\n\nword2\n word3", "ﬁ Ａｂ 𝐀𝐛 µ ʰa ª ǅ", "\ue000\U000e0041\u0378 ™©±×→∑€",
    "l'été c'est 'tis rock'n'roll", "a.b,c;d:e!f?g", "مرحبا، العالم۔ עברית", "1234567890123456789012"};

static std::string quoted(const std::string & text) {
    std::string out = "\"";
    for (unsigned char c : text) {
        char escape[8];
        if (c == '"' || c == '\\') { out += '\\'; out += c; }
        else if (c < 0x20) { snprintf(escape, sizeof escape, "\\u%04x", c); out += escape; }
        else { out += c; }
    }
    return out + '"';
}

int main(int count, char ** arguments) {
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    std::cout << "{\"texts\": [";
    for (size_t i = 0; i < texts.size(); ++i) std::cout << (i ? ",\n" : "") << quoted(texts[i]);
    std::cout << "],\n\"words\": {";
    for (int i = 2; i < count; ++i) {
        llama_model_kv_override overrides[2] = {};
        overrides[0].tag = LLAMA_KV_OVERRIDE_TYPE_STR;
        strcpy(overrides[0].key, "tokenizer.ggml.pre");
        strncpy(overrides[0].val_str, arguments[i], 127);
        auto parameters = llama_model_default_params();
        parameters.vocab_only = true;
        parameters.kv_overrides = overrides;
        auto * model = llama_model_load_from_file(arguments[1], parameters);
        if (!model) return 1;
        llm_tokenizer_bpe tokenizer(*llama_model_get_vocab(model));
        std::cout << (i > 2 ? ",\n" : "") << quoted(arguments[i]) << ": [";
        for (size_t t = 0; t < texts.size(); ++t) {
            std::cout << (t ? "," : "") << "[";
            bool isFirst = true;
            for (const auto & word : unicode_regex_split(texts[t], tokenizer.regex_exprs, false)) {
                const auto length = unicode_cpts_from_utf8(word).size();
                if (!length) continue;
                std::cout << (isFirst ? "" : ",") << length;
                isFirst = false;
            }
            std::cout << "]";
        }
        std::cout << "]";
        llama_model_free(model);
    }
    std::cout << "}}\n";
}
