#!/usr/bin/env python3
"""Writes Tests/AttentionTokenizersTests/Fixtures/language.json: tiny tokenizers as language models have them,
and what the reference implementations (PyPI `tokenizers` and `sentencepiece`) make of awkward texts with them.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3 sentencepiece==0.2.3
    venv/bin/python Scripts/tokenizer_language_fixtures.py

    texts       what is tokenized
    models      the texts of `model` sections, which the tokenizers share
    tokenizers  {name, model, switches: what of the model is turned on, sections: the text of the others,
                results: [ids, offsets, decoded]}
                offsets count scalars: start, end, start, end …; decoded is null where it is the text
    patterns    {pattern, matches: of each text: start, end, start, end … in scalars}
    pieces      {name, model: a tokenizer.model in base 64, ids}
"""
import base64
import json
import os
import tempfile

import sentencepiece
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from tokenizer_fixtures import TEXTS as WORDPIECE_TEXTS, added

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + REST
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + REST
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         rf"|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")

TEXTS = WORDPIECE_TEXTS[:8] + [t for i, t in enumerate(WORDPIECE_TEXTS[8:]) if i % 3 == 0 and len(t) < 70] + [
    "I'm you're WE'LL they'Ve 'S 's'd don'T it'ſ", "  two  three   four\n\n five\t\n  six\r\n\r\nseven \n",
    "1234567 12,345.67 0x1F ½²³ ٣٤٥ Ⅷ", "def f(x):\n    return x+1  # done\n\n\n", "camelCase HTTPServer parseXMLFast ÉCOLE école",
    "a<|end|>b <|end|>\n<mask>  <mask>x", "▁▁a ▁b", "<0x41><0xE4>", "\U0001f999\U0001f999 🦙.cpp", "中文、日本語。한국어!", "\ufeffbom \u200b",
    "wow!!! ...?!\n/path/to//file\n", "\n", "   ", "e\u0301\u0301 \u0344", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
]
CORPUS = [text for text in TEXTS if "<|" not in text] + """The quick brown fox jumps over the lazy dog. It was the best of times, it was the worst of times.
def main(): return [x for x in range(10)] if they're done, we'll see what I've got and don't worry about it.
Der schnelle braune Fuchs springt über den faulen Hund, und die Straße heißt größer. Les élèves étaient là.
In the beginning there were 12 apples and 345 oranges; then came 6789 more of them in the end of the day.""".split("\n") * 3
SPECIAL = ["<unk>", "<s>", "</s>"]


def bpe(alphabet, size, pre_tokenizer, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = pre_tokenizer
    affixes = {name: value for name, value in options.items() if name.endswith("fix")}
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False, **affixes)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())["model"]


def make_models():
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="always")
    latin = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;:!?'\"()[]▁")
    pieces = bpe(latin, 260, pre_tokenizers.Sequence([metaspace]), unk_token="<unk>")
    tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    for token in tokens:
        pieces["vocab"][token] = len(pieces["vocab"])
    unigram = Tokenizer(models.Unigram())
    unigram.pre_tokenizer = metaspace
    unigram.train_from_iterator(CORPUS, trainers.UnigramTrainer(
        vocab_size=260, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False))
    unigram = json.loads(unigram.to_str())["model"]
    unigram["vocab"] += [[token, 0.0] for token in tokens]
    split = pre_tokenizers.Split(Regex(r"\w+|[^\w\s]+"), "removed", invert=True)
    return {
        "bytes": bpe(pre_tokenizers.ByteLevel.alphabet(), 420, pre_tokenizers.ByteLevel(add_prefix_space=False)),
        "pieces": pieces, "unigram": unigram,
        "suffixed": bpe(latin, 160, split, unk_token="<unk>", end_of_word_suffix="</w>"),
        "prefixed": bpe(latin, 160, split, unk_token="<unk>", continuing_subword_prefix="##"),
    }


def split(pattern, behavior="Isolated", invert=False):
    pattern = pattern if isinstance(pattern, dict) else {"Regex": pattern}
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def sequence(name, *parts):
    return {"type": "Sequence", name: list(parts)}


def specs(charsmap):
    byte_level = lambda **options: {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True} | options
    bytes_only = byte_level(use_regex=False)
    metaspace = lambda scheme, cuts=True: {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cuts}
    begin = {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
             "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
             "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
    llama_decoder = sequence("decoders", {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
                             {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0})
    replace = lambda pattern, content: {"type": "Replace", "pattern": pattern, "content": content}
    pre = lambda *parts: sequence("pretokenizers", *parts)
    norm = lambda *parts: sequence("normalizers", *parts)
    level = {"decoder": byte_level()}
    return [
        ("GPT-2", "bytes", {}, level | {"pre_tokenizer": byte_level(), "post_processor": byte_level()}),
        ("RoBERTa", "bytes", {}, level | {
            "pre_tokenizer": byte_level(add_prefix_space=True),
            "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": True,
                               "add_prefix_space": True}}),
        ("Llama 3", "bytes", {"ignore_merges": True}, level | {
            "pre_tokenizer": pre(split(LLAMA3), bytes_only),
            "post_processor": sequence("processors", byte_level(trim_offsets=False), begin)}),
        ("Qwen 2", "bytes", {}, level | {"normalizer": {"type": "NFC"}, "pre_tokenizer": pre(split(QWEN2), bytes_only)}),
        ("GPT-4o", "bytes", {}, level | {"pre_tokenizer": pre(split(O200K), bytes_only)}),
        ("StarCoder", "bytes", {}, level | {"pre_tokenizer": pre({"type": "Digits", "individual_digits": True}, byte_level())}),
        ("behaviours", "bytes", {}, level | {"pre_tokenizer": pre(
            split(r"\d+(?=\s)|[^\w\s]", "MergedWithPrevious"), split({"String": "e"}, "MergedWithNext"),
            split(r"[A-Z]+", "Contiguous", True), split(r"\s", "Removed"), {"type": "Digits", "individual_digits": False},
            {"type": "Punctuation", "behavior": "MergedWithNext"}, bytes_only)}),
        ("byte-level normaliser", "bytes", {}, level | {
            "normalizer": norm({"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "ByteLevel"})}),
        ("Llama 2", "pieces", {"byte_fallback": True, "fuse_unk": True}, {
            "normalizer": norm({"type": "Prepend", "prepend": "▁"}, replace({"String": " "}, "▁")),
            "post_processor": begin, "decoder": llama_decoder}),
        ("Mistral", "pieces", {"byte_fallback": True, "fuse_unk": True}, {
            "pre_tokenizer": metaspace("first", False), "decoder": llama_decoder}),
        ("no bytes", "pieces", {}, {"pre_tokenizer": metaspace("always"), "decoder": metaspace("always")}),
        ("fused", "pieces", {"fuse_unk": True}, {
            "normalizer": norm({"type": "Nmt"}, replace({"Regex": " {2,}"}, " "), replace({"Regex": "[aeiou]x?"}, "yy")),
            "pre_tokenizer": pre({"type": "CharDelimiterSplit", "delimiter": "o"}, metaspace("never")),
            "decoder": sequence("decoders", {"type": "Fuse"}, {"type": "Strip", "content": "y", "start": 2, "stop": 3})}),
        ("T5", "unigram", {}, {
            "normalizer": norm({"type": "Precompiled", "precompiled_charsmap": charsmap}), "pre_tokenizer": metaspace("always"),
            "post_processor": begin, "decoder": metaspace("always")}),
        ("unigram with bytes", "unigram", {"byte_fallback": True}, {"pre_tokenizer": metaspace("never"), "decoder": llama_decoder}),
        ("CLIP", "suffixed", {}, {
            "normalizer": norm({"type": "NFC"}, {"type": "Lowercase"}), "decoder": {"type": "BPEDecoder", "suffix": "</w>"},
            "pre_tokenizer": split(r"'s|'t|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+", "Removed", True)}),
        ("prefixed", "prefixed", {}, {"pre_tokenizer": {"type": "Whitespace"}, "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False}}),
    ]


PATTERNS = [
    O200K, r"[一-龥\u0800-\u4e00가-\ud7a3]+|[!-/:-~]+[A-Za-z]+|\p{N}{1,3}", r"(\w)+?\b|.", r"^.+$|\A\s*|\S\z", r"(?i)[a-k]+x?|É|\u017f",
    r"\p{Han}+|\p{^L}\P{Lu}|[^\W\d_]+", r"[[a-z]&&[^aeiou]]+|[\p{L}&&\p{Lu}]", r"(?<=\s)\S|(?<![a-z])o+", r"\p{L}++\p{L}|(?>a|ab)c|\d{2,}?",
    r"(?:a|aa)+b|(?:x*)*y", r"\x{1F600}|\x41|\t|[\n\r]|\.|[\]\-^]", r"\d{1,3}(?=(?:\d{3})*\b)", r"(?:ab{,2}|c{2}?|d{1,2}+)e?|{", r"\s+(?!\S)|\s+",
    r"(?m:a.b)|.(?#comment)b|(?<name>t)h", r"[[:punct:]]+|[[:digit:]]|\h+", r"",
]


def pattern_matches(pattern, text):
    pieces = pre_tokenizers.Split(Regex(pattern), "removed", invert=True).pre_tokenize_str(text)
    return [end for _, span in pieces for end in span]


def train_pieces(folder, name, **options):
    path = os.path.join(folder, name)
    corpus = os.path.join(folder, "corpus.txt")
    with open(corpus, "w") as file:
        file.write("\n".join(line for text in CORPUS for line in text.split("\n") if "\0" not in line))
    sentencepiece.SentencePieceTrainer.train(
        input=corpus, model_prefix=path, minloglevel=2, num_threads=1, hard_vocab_limit=False, **options)
    with open(path + ".model", "rb") as file:
        return file.read()


def make_pieces(folder):
    rules = os.path.join(folder, "rules.tsv")
    pairs = {"ﬁ": "fi", "\u212b": "\u00c5", "e\u0301": "\u00e9", "\u00e9\u0301": "e", "½": "1⁄2", "１": "1", "２": "2",
             "\u3000": " ", "\t": " ", "\n": " ", "\u200b": "", "中国": "China"}
    with open(rules, "w") as file:
        for source, target in pairs.items():
            file.write(" ".join(f"{ord(c):X}" for c in source) + "\t" + " ".join(f"{ord(c):X}" for c in target) + "\n")
    return {
        "llama": train_pieces(folder, "llama", model_type="bpe", vocab_size=520, byte_fallback=True, split_digits=True,
                              normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98),
        "bpe": train_pieces(folder, "bpe", model_type="bpe", vocab_size=300, normalization_rule_tsv=rules, character_coverage=0.98,
                            user_defined_symbols=["<mask>", "camelCase"]),
        "unigram": train_pieces(folder, "unigram", model_type="unigram", vocab_size=300, normalization_rule_tsv=rules,
                                character_coverage=0.98, user_defined_symbols=["quick", "▁▁"]),
        "unigram with bytes": train_pieces(folder, "unigram2", model_type="unigram", vocab_size=520, byte_fallback=True,
                                           add_dummy_prefix=False, normalization_rule_name="identity", character_coverage=0.98),
    }


def result(tokenizer, text):
    encoding = tokenizer.encode(text)
    try:
        decoded = tokenizer.decode(encoding.ids, skip_special_tokens=False)
    except BaseException:  # stripping what is empty panics there
        decoded = ""
    return [encoding.ids, [end for offset in encoding.offsets for end in offset], None if decoded == text else decoded]


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        pieces = make_pieces(folder)
    processors = {name: sentencepiece.SentencePieceProcessor(model_proto=model) for name, model in pieces.items()}
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto.FromString(pieces["bpe"])
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    shared = make_models()
    tokenizers = []
    for name, model, changes, sections in specs(charsmap):
        size = len(shared[model]["vocab"])
        tokens = [added(i, token, special=True) for i, token in enumerate(SPECIAL)] + [
            added(size, "<|end|>", special=True), added(size + 1, "<mask>", lstrip=True, normalized=True)]
        root = {"version": "1.0", "added_tokens": tokens, "model": shared[model] | changes, "normalizer": None,
                "pre_tokenizer": None, "post_processor": None, "decoder": None} | sections
        tokenizer = Tokenizer.from_str(json.dumps(root))
        assert all(changes.values())
        tokenizers.append({"name": name, "model": model, "switches": list(changes),
                           "sections": compact(sections | {"added_tokens": tokens}),
                           "results": [result(tokenizer, text) for text in TEXTS]})
    fixture = {
        "texts": TEXTS, "models": {name: compact(model) for name, model in shared.items()}, "tokenizers": tokenizers,
        "patterns": [{"pattern": p, "matches": [pattern_matches(p, text) for text in TEXTS]} for p in PATTERNS],
        "pieces": [{"name": name, "model": base64.b64encode(model).decode(),
                    "ids": [processors[name].encode(text) for text in TEXTS]} for name, model in pieces.items()],
    }
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(root, "Tests", "AttentionTokenizersTests", "Fixtures", "language.json")
    with open(path, "w") as file:
        file.write(compact(fixture) + "\n")
    print(len(TEXTS), "texts;", len(tokenizers), "tokenizers;", os.path.getsize(path), "bytes")


if __name__ == "__main__":
    main()
