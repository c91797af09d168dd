#!/usr/bin/env python3
"""Writes Tests/AttentionTokenizersTests/Fixtures/wordpiece.json: small tokenizers and what the reference
implementation (PyPI `tokenizers`) makes of awkward texts with them.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python Scripts/tokenizer_fixtures.py
"""
import json
import os
import string

from tokenizers import Tokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """the attention is all you need token transformer hello world cafe naive resume uber strasse can
don won it re ve ll not do 中 国 東 京 ½ ① Å å é ë ﬁ fi ß ss ı i̇ μ µ σ ς k 각 가 ᄀ ᅡ ᆨ की न ा े я привет 12 34 1⁄2
Hello World Café Über İ ẞ Σ 🙂 👍 👩 א ש ع ไทย ｈｅｌｌｏ""".split()
PIECES = """ing ed er s ization ize ly former ion able un e a o u t d n r l i c m é ë ñ ̈ ́ ̣ ̃ 2 3 4 1 0 k ß ss ς σ
å ᅡ ᆨ 🏽 ा ी ि ш е й ё и ั้ hello ⁄ h""".split() + ["\u0305"]

TEXTS = [
    "", " ", "\t\n\r ", "hello world", "Hello, World!", "HELLO   wOrLd", "  leading and trailing  ",
    "tokenization tokenizers", "The Transformer: attention is all you need.", "can't won't don't it's you're we've",
    "Café naïve résumé Über", "Cafe\u0301 nai\u0308ve", "e\u0323\u0301 e\u0301\u0323 \u1eb9\u0301", "\u0301start", "e\u0305\u0301 e\u0301\u0305",
    "\u0344 \u0f73\u0f71 \u0f71\u0f74\u0f72", "straße STRASSE ẞ", "İstanbul ısı I i̇", "Σίσυφος ΣΑΣ ς", "\u212a \u2126 \u212b",
    "ﬁn ﬂ ﬀi", "½ ¼ 1⁄2 ① ⑳ ㍿ ㎏", "ｈｅｌｌｏ １２", "中国", "東京tower中国", "中 国", "\uf900\ufa30\U0002f800", "\U00020000\U0002b920",
    "ひらがな カタカナ ｶﾞ", "각가 \u1100\u1161\u11a8 \uac00\u11a8", "\u1161\u11a8", "की नेपाली", "ไทย ไท", "שלום א", "مرحبا ع",
    "\u202eright\u202c to left", "zero\u200bwidth\u200djoin\ufeff", "soft\xadhyphen", "nul\x00byte \ufffd", "\x01\x02\x7f\x9f\x85next",
    "line\u2028sep\u2029par", "nbsp\xa0thin\u2009ideo\u3000wide", "🙂 👍🏽 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🙂🙂", "❤️ ✅",
    "$1.00 £5 €4 ₱9", "a+b=c <tag> ~tilde~ `tick` ^hat^ |pipe|", "_under_score_", "--- ... !!! ???", "…—–‘’“”«»¿¡§¶",
    "##ing ing##", "[MASK] [mask] [CLS][SEP]", "a[MASK]b", "[UNK] [PAD]", "[MASK", "[MASK]]", "<x> a<x>b  <x>  c", "<x><x>  <x>", "  <x>", "<<a  <x>",
    "été fooété Été ÉTÉ, été", "été\u0301 e\u0301te\u0301", "New York newyork NEW YORK new  york", "<<a>> <<ab>> <<a",
    "x" * 20, "x" * 101, "unu" * 33, "un" * 51, "hello" * 20, "привет ПРИВЕТ йё", "\u0439 \u0438\u0306 \u0451",
    "\u09c7\u09be \u0b47\u0b56", "\U0001d15e \U0001d400\U0001d7ff", "\U000e0041\U000e0001", "\ue000 \U0010ffff \ufdd0", "\u180e\u2060\u061c",
    "\u3131\u314f \uffa1", "\u01c4 \u01c5 \u01c6", "\u1f88 \u1fbc \u03b1\u0345", "\u00c5ngstr\u00f6m \u00b5m \u03bcm", "a\u0300\u0316\u0301\u0317",
    "\u0e33 \u0eb3", "\u0958 \u0915\u093c", "\u2adc \u2add\u0338", "\ufb1d \u05d9\u05b4", "12 34 1234 ٣٤ ๑๒", "end.",
]
PAIRS = [
    ("hello world", "the attention is all you need"), ("", "hello"), ("hello", ""), ("", ""),
    ("the attention is all you need", "hello world"), ("Café", "naïve résumé"), ("[MASK] is", "中国 all"),
]


def added(id, content, special=False, **flags):
    base = dict(id=id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False)
    return base | flags | dict(special=special)


def vocabulary():
    letters = list(string.ascii_letters + string.digits + string.punctuation)
    pieces = letters[:62] + PIECES
    tokens = SPECIAL + letters + WORDS + ["##" + piece for piece in pieces]
    return {token: id for id, token in enumerate(dict.fromkeys(tokens))}


def spec(vocab, normalizer, pre_tokenizer, post_processor, longest=100, cleanup=True):
    size = len(vocab)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(vocab[token], token, special=True) for token in SPECIAL] + [
            added(size, "<x>", lstrip=True, rstrip=True),
            added(size + 1, "Été", normalized=True, single_word=True),
            added(size + 2, "New York", normalized=True),
            added(size + 3, "<<a", special=True), added(size + 4, "<<ab>>"),
        ],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": cleanup},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": longest, "vocab": vocab},
    }


def template(vocab):
    special = lambda token, type_id=0: {"SpecialToken": {"id": token, "type_id": type_id}}
    sequence = lambda name, type_id=0: {"Sequence": {"id": name, "type_id": type_id}}
    single = [special("[CLS]"), sequence("A"), special("[SEP]")]
    return {"type": "TemplateProcessing", "single": single,
            "pair": single + [sequence("B", 1), special("[SEP]", 1)],
            "special_tokens": {t: {"id": t, "ids": [vocab[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}}


def specs():
    vocab = vocabulary()
    bert = lambda **flags: dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=True,
                                strip_accents=None, lowercase=True) | flags
    sequence = lambda *types: {"type": "Sequence", "normalizers": [{"type": t} for t in types]}
    words = {"type": "BertPreTokenizer"}
    processing = {"type": "BertProcessing", "sep": ["[SEP]", vocab["[SEP]"]], "cls": ["[CLS]", vocab["[CLS]"]]}
    split = {"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Contiguous"}]}
    removed = {"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Removed"}]}
    return {
        "uncased": spec(vocab, bert(), words, template(vocab)),
        "cased": spec(vocab, bert(lowercase=False), words, processing),
        "accents kept": spec(vocab, bert(strip_accents=False, handle_chinese_chars=False), words, None),
        "not cleaned": spec(vocab, bert(clean_text=False), {"type": "Whitespace"}, template(vocab), cleanup=False),
        "NFKC": spec(vocab, sequence("NFKC", "Lowercase"), split, template(vocab), longest=10**9),
        "NFC": spec(vocab, {"type": "NFC"}, {"type": "Punctuation"}, processing),
        "NFKD": spec(vocab, sequence("NFKD", "StripAccents"), {"type": "Whitespace"}, processing),
        "NFD": spec(vocab, {"type": "NFD"}, removed, None, longest=5),
    }


def clean_up(text):
    """English spacing, as the reference's Python side cleans decoded text up."""
    for written, meant in [(" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
                           (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re")]:
        text = text.replace(written, meant)
    return text


def case(tokenizer, cleanup, text, pair=None, special=True, cut=None):
    if cut:
        length, strategy, side = cut
        tokenizer.enable_truncation(length, strategy=strategy, direction=side)
    result = {"text": text, "special": special}
    if pair is not None:
        result["pair"] = pair
    if cut:
        result["cut"] = dict(zip(("length", "strategy", "side"), cut))
    try:
        encoding = tokenizer.encode(text, pair, add_special_tokens=special)
    except BaseException:
        return result | {"refused": True}
    finally:
        tokenizer.no_truncation()
    decoded = [tokenizer.decode(encoding.ids, skip_special_tokens=skip) for skip in (False, True)]
    # The mask marks what belongs to no sequence; offsets count scalars: start, end, start, end ...
    assert encoding.special_tokens_mask == [int(sequence is None) for sequence in encoding.sequence_ids]
    return result | {
        "ids": encoding.ids, "tokens": encoding.tokens, "types": encoding.type_ids,
        "offsets": [end for offset in encoding.offsets for end in offset], "words": encoding.word_ids,
        "sequences": encoding.sequence_ids,
        "decoded": [clean_up(text) if cleanup else text for text in decoded],
    }


def main():
    fixtures = []
    for name, tokenizer_json in specs().items():
        tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json))
        cleanup = tokenizer_json["decoder"]["cleanup"]
        cases = [case(tokenizer, cleanup, text) for text in TEXTS]
        cases += [case(tokenizer, cleanup, text, pair) for text, pair in PAIRS]
        cases += [case(tokenizer, cleanup, "hello [MASK]", "world", special=False)]
        if name == "uncased":
            for text, pair in PAIRS + [("the attention is all you need.", None), ("", None)]:
                for length in (3, 4, 6, 7, 9):
                    for strategy in ("longest_first", "only_first", "only_second"):
                        side = "left" if length % 3 == 0 else "right"
                        cases.append(case(tokenizer, cleanup, text, pair, cut=[length, strategy, side]))
        fixtures.append({"name": name, "tokenizer": json.dumps(tokenizer_json, ensure_ascii=False), "cases": cases})
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(root, "Tests", "AttentionTokenizersTests", "Fixtures", "wordpiece.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        # Escaped, because editors and tools change lone marks and controls.
        file.write("[\n" + ",\n".join(json.dumps(f, separators=(",", ":")) for f in fixtures) + "\n]\n")
    print(len(vocabulary()), "entries;", sum(len(f["cases"]) for f in fixtures), "cases;", os.path.getsize(path), "bytes")


if __name__ == "__main__":
    main()
