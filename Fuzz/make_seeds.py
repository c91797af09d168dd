"""Writes small sound files for a reader into a folder: where the fuzzer starts from, and the words that it may use.

python3 make_seeds.py READER FOLDER
"""
import json
import struct
import sys
from pathlib import Path

WORDS = {
    "json": ["null", "true", "false", "[]", "{}", '""', "-1", "0", "1e9", "9223372036854775808", "\\ud800", "\\u0000"],
    "safetensors": ["dtype", "shape", "data_offsets", "__metadata__", "F32", "F16", "BF16", "I64", "BOOL", "F8_E4M3"],
    "tokenizer": [
        "version", "model", "type", "BPE", "WordPiece", "Unigram", "WordLevel", "vocab", "merges", "unk_token", "unk_id",
        "byte_fallback", "fuse_unk", "ignore_merges", "continuing_subword_prefix", "end_of_word_suffix", "dropout",
        "added_tokens", "id", "content", "special", "lstrip", "rstrip", "single_word", "normalized", "normalizer",
        "Sequence", "normalizers", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Replace", "Prepend",
        "BertNormalizer", "Precompiled", "precompiled_charsmap", "pattern", "Regex", "String", "pre_tokenizer",
        "pretokenizers", "ByteLevel", "add_prefix_space", "use_regex", "trim_offsets", "Metaspace", "replacement",
        "prepend_scheme", "split", "Split", "behavior", "Isolated", "Removed", "MergedWithPrevious", "invert", "Digits",
        "individual_digits", "Whitespace", "WhitespaceSplit", "Punctuation", "BertPreTokenizer", "post_processor",
        "TemplateProcessing", "BertProcessing", "RobertaProcessing", "special_tokens", "pair", "single", "ids", "tokens",
        "SpecialToken", "type_id", "decoder", "decoders", "ByteFallback", "Fuse", "Strip", "WordPiece", "truncation",
        "padding", "max_length", "strategy", "\\\\p{L}+", "(?i:'s|'t)", "(?=", "(?!", "[^\\\\s]", "{1,3}", "|", "*", "?"],
    "gguf": [
        "general.architecture", "general.alignment", "general.quantization_version"] + [
            "llama." + key for key in (
                "attention.sliding_window", "attention.key_length", "attention.value_length", "rope.dimension_count",
                "rope.freq_base", "rope.scaling.type", "rope.scaling.factor", "rope.scaling.yarn_beta_fast",
                "rope.scaling.original_context_length", "expert_count", "vocab_size")] + ["yarn", "linear", "qwen2", "phi3"],
    "template": [
        "{{", "}}", "{%", "%}", "{%-", "-%}", "{#", "#}", "if", "elif", "else", "endif", "for", "in", "endfor", "set", "endset",
        "macro", "endmacro", "call", "endcall", "caller", "filter", "endfilter", "with", "endwith", "generation", "raw",
        "endraw", "break", "continue", "recursive", "loop", "loop.index", "loop.last", "messages", "message", "tools",
        "namespace", "range", "raise_exception", "strftime_now", "is defined", "is string", "is mapping", "not", "and", "or",
        "|tojson", "|trim", "|join", "|map", "|selectattr", "|replace", "|indent", "|int", "|default", "|list", "|sort",
        ".split", ".strip", ".format", ".items()", ".get", "[::-1]", "[-1]", "**", "//", "~", "'%s'", "'{}'", "varargs",
        "kwargs", "true", "none", "99999999999"],
    "grammar": [
        "root ::= ", "::=", "\"a\"", "[^a-z]", "{1,40}", "{2,}", "{3}", "| ", "(", ")", "*", "+", "?", ".", "# ", "\n", "x",
        "\\x41", "\\u00e9", "\\U0001F600"],
    "schema": [
        "type", "string", "integer", "number", "object", "array", "boolean", "enum", "const", "anyOf", "oneOf", "allOf",
        "$ref", "#/$defs/a", "#", "$defs", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
        "maxLength", "pattern", "format", "date-time", "uuid", "ipv4", "properties", "required", "additionalProperties",
        "prefixItems", "items", "minItems", "maxItems", "^a+$", "[^b-d]{2,30}", "\\\\d", "(?:a|b)"],
    "vocabulary": [
        "tokenizer.ggml." + key for key in (
            "model", "tokens", "pre", "scores", "token_type", "merges", "precompiled_charsmap", "bos_token_id",
            "eos_token_id", "unknown_token_id", "padding_token_id", "add_bos_token", "add_eos_token",
            "add_space_prefix")] + ["llama", "gpt2", "bert", "t5", "llama-bpe", "qwen2", "<0x00>", "<0xZZ>"],
}


def safetensors(header, size):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(range(size))


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def gguf_value(value):
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, text(value)
    kind = gguf_value(value[0])[0] if value else 4
    kind = 5 if kind == 4 else kind
    items = [struct.pack("<i", item) if kind == 5 else gguf_value(item)[1] for item in value]
    return 9, struct.pack("<IQ", kind, len(value)) + b"".join(items)


def gguf(values, tensors=(), data=0, version=3):
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(values))
    for key, value in values.items():
        kind, data_bytes = gguf_value(value)
        out += text(key) + struct.pack("<I", kind) + data_bytes
    for name, extents, kind, offset in tensors:
        out += text(name) + struct.pack("<I", len(extents)) + struct.pack(f"<{len(extents)}Q", *extents)
        out += struct.pack("<IQ", kind, offset)
    return out + bytes(-len(out) % 32) + bytes(data)


def vocabulary(model, tokens, **more):
    values = {"tokenizer.ggml.model": model, "tokenizer.ggml.tokens": tokens}
    values.update({"tokenizer.ggml." + key: value for key, value in more.items()})
    return gguf(values)


def tokenizers():
    base = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [
        {"id": 0, "content": "<s>", "special": True, "lstrip": False, "rstrip": True, "single_word": False,
         "normalized": False}], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None}
    letters = {character: index + 1 for index, character in enumerate("abcdefgh")}
    yield base | {
        "model": {"type": "BPE", "vocab": {"<s>": 0, **letters, "ab": 9, "abc": 10}, "merges": [["a", "b"], ["ab", "c"]],
                  "unk_token": None, "byte_fallback": False, "fuse_unk": False, "ignore_merges": False},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "(?i:'s|'t)|\\p{L}+|\\s+(?!\\S)|[^a-z]{1,3}"}, "behavior": "Isolated",
             "invert": False}, {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}]},
        "post_processor": {"type": "TemplateProcessing", "single": [
            {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
        "decoder": {"type": "ByteLevel"}}
    yield base | {
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<s>", 0.0], ["a", -1.5], ["\u2581ab", -2]],
                  "byte_fallback": False},
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {
            "type": "Replace", "pattern": {"String": " "}, "content": "_"}, {"type": "Prepend", "prepend": "x"}]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True},
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}, {
            "type": "Strip", "content": " ", "start": 1, "stop": 0}]}}
    yield base | {
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "##b": 2}},
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "truncation": {"max_length": 8, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "a",
                    "pad_to_multiple_of": None}}


def decoder():
    """A decoder of one layer with matrices in q8_0."""
    values = {"embedding_length": 32, "block_count": 1, "attention.head_count": 2, "attention.head_count_kv": 1,
              "feed_forward_length": 32, "context_length": 8, "vocab_size": 2, "attention.layer_norm_rms_epsilon": 1e-5,
              "rope.freq_base": 1e4, "rope.dimension_count": 16}
    shapes = {"token_embd": [32, 2], "output_norm": [32], "blk.0.attn_norm": [32], "blk.0.ffn_norm": [32],
              "blk.0.attn_q": [32, 32], "blk.0.attn_k": [32, 16], "blk.0.attn_v": [32, 16], "blk.0.attn_output": [32, 32],
              "blk.0.ffn_gate": [32, 32], "blk.0.ffn_up": [32, 32], "blk.0.ffn_down": [32, 32]}
    tensors, offset = [], 0
    for name, shape in shapes.items():
        tensors.append((f"{name}.weight", shape, 8 if len(shape) > 1 else 0, offset))
        offset += (34 * shape[1] if len(shape) > 1 else 4 * shape[0]) + 31 & ~31
    values = {f"llama.{key}": value for key, value in values.items()}
    return gguf({"general.architecture": "llama"} | values, tensors, offset)


def seeds(reader):
    if reader == "safetensors":
        tensor = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
        half = {"dtype": "F16", "shape": [3], "data_offsets": [24, 30]}
        yield safetensors({"a": tensor, "b": half, "empty": {"dtype": "I64", "shape": [0], "data_offsets": [30, 30]}}, 30)
        yield safetensors({"__metadata__": {"format": "pt"}, "s": {"dtype": "U8", "shape": [], "data_offsets": [0, 1]}}, 1)
    elif reader == "gguf":
        values = {"general.architecture": "llama", "general.alignment": 32, "s": ["x", "yz"], "f": [1.0, 2.0],
                  "b": True, "i": [1, 2, 3]}
        yield gguf(values, [("t", [32, 2], 8, 0), ("u", [2, 2], 0, 96)], 112)
        yield gguf({"general.architecture": "x"}, [("t", [4], 1, 0)], 8, version=2)
        yield decoder()
    elif reader == "vocabulary":
        pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + ["\u2581", "a", "\u2581a"]
        yield vocabulary("llama", pieces, scores=[0.0] * len(pieces), bos_token_id=1, eos_token_id=2, add_bos_token=True,
                         token_type=[2, 3, 3] + [6] * 256 + [1] * 3)
        yield vocabulary("gpt2", ["a", "b", "ab", "<|end|>"], merges=["a b"], pre="llama-bpe", token_type=[1, 1, 1, 3])
        yield vocabulary("bert", ["[UNK]", "[CLS]", "[SEP]", "\u2581a", "b"], unknown_token_id=0, cls_token_id=1)
        yield vocabulary("t5", ["<unk>", "\u2581a", "b"], scores=[0.0, -1.0, -2.0], unknown_token_id=0)
    elif reader == "template":
        fixture = Path(__file__).parent / "../Tests/AttentionTemplatesTests/Fixtures/chat_templates.json"
        fixture = json.loads(fixture.read_text(encoding="utf-8"))
        yield from (source.encode() for source in fixture["templates"].values())
        yield from (source.encode() for source, _ in fixture["snippets"][::5])
    elif reader == "grammar":
        yield b'root ::= ("a" x | [b-d]{2,40})* "e"?\nx ::= "\\"" [^"]{0,30} "\\"" | root "," x # both\n'
        yield b'root ::= expr "\\n"\nexpr ::= expr [-+*/] term | term\nterm ::= [0-9]+ | "(" expr ")" | .\n'
    elif reader == "schema":
        yield json.dumps({
            "type": "object", "required": ["a", "z"], "additionalProperties": {"type": ["integer", "null"]}, "properties": {
                "a": {"type": "string", "minLength": 1, "maxLength": 50}, "b": {"pattern": "^[a-c]+x|y$"},
                "c": {"type": "integer", "minimum": -7, "maximum": 123}, "d": {"format": "date"},
                "e": {"type": "array", "items": {"$ref": "#"}, "minItems": 1, "maxItems": 9}}}).encode()
        yield json.dumps({
            "$ref": "#/$defs/n", "$defs": {"n": {"oneOf": [{"type": "null"}, {"properties": {
                "k": {"const": "x"}, "n": {"$ref": "#/$defs/n"}}, "required": ["k"]}, {"enum": ["q", 1.5, [True]]}]}}}).encode()
        yield json.dumps({"allOf": [{"type": "number", "minimum": 0}, {"exclusiveMaximum": 5}], "anyOf": [
            {"type": "integer"}, {"maximum": 3}]}).encode()
    elif reader == "tokenizer":
        yield from (json.dumps(value).encode() for value in tokenizers())


def main():
    reader, folder = sys.argv[1], Path(sys.argv[2])
    (folder / "seeds").mkdir(parents=True, exist_ok=True)
    for index, data in enumerate(seeds(reader)):
        (folder / "seeds" / str(index)).write_bytes(data)
    words = WORDS.get(reader, []) + WORDS["json"] * (reader not in ("gguf", "vocabulary", "template", "grammar"))
    escaped = ["".join(f"\\x{byte:02X}" for byte in word.encode()) for word in words]
    (folder / "words").write_text("".join(f'"{word}"\n' for word in escaped))


main()
