#!/usr/bin/env python3
"""Writes Tests/AttentionTokenizersTests/Fixtures/settings.json: folders whose tokens and settings stand in several
files, and the ids that the reference library (PyPI `transformers`, `AutoTokenizer`) gives with them.

    python3 -m venv venv && venv/bin/pip install transformers==5.24.0 tokenizers==0.23.3 sentencepiece==0.2.3 protobuf
    venv/bin/python Scripts/tokenizer_settings_fixtures.py

    texts   what is tokenized
    bases   {name: {file: text, or base 64 for tokenizer.model}}
    results lists of ids
    cases   {name, base, files: {file: text} beside or instead of the base's, results: of each text, the place in results}
"""
import base64
import json
import os
import tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "critical"

import sentencepiece
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = ["the quick brown fox jumps over the lazy dog and the cat", "a token is a piece of text", "one two three",
          "user says hello world", "UPPER Case Words İ é", "start end im tool call x y z 0 1 2 3"] * 4
TEXTS = ["<|im_start|>a<|im_end|>", "the cat", " the  cat ", "a <|TOOL|> b<|tool|>c", "x<pad>y <s>z</s>", "<|im_start|> user\nhello <mask> é",
         "[MASK] a [CLS]b", "", "<extra>a<sep_x> <|endoftext|>"]


def spm(model_type, **options):
    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS), model_prefix=f"{folder}/m", model_type=model_type, vocab_size=options.pop("size"),
            hard_vocab_limit=False, minloglevel=2, num_threads=1, **options)
        with open(f"{folder}/m.model", "rb") as file:
            return {"tokenizer.model": base64.b64encode(file.read()).decode()}


def byte_pairs(*special):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=320, special_tokens=list(special), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    merges = "".join(f"{left} {right}\n" for left, right in model["merges"])
    return {"vocab.json": json.dumps(model["vocab"], ensure_ascii=False), "merges.txt": "#version: 0.2\n" + merges}


def file():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=90, special_tokens=["<unk>", "<s>"], initial_alphabet=list("<|>_[]/"), show_progress=False))
    return {"tokenizer.json": tokenizer.to_str()}


def bert_file(words):
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(words[:5])
    return {"tokenizer.json": tokenizer.to_str()}


def gpt2_file():
    files = byte_pairs("<|endoftext|>")
    merges = [tuple(line.split(" ")) for line in files["merges.txt"].split("\n")[1:] if line]
    tokenizer = Tokenizer(models.BPE(json.loads(files["vocab.json"]), merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return {"tokenizer.json": tokenizer.to_str()}


def make_bases():
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] a b c the cat x y z user hello ##s < > | _ [ ] im start end tool mask cls pad s /".split()
    return {
        "json": file(),
        "llama": spm("bpe", size=330, byte_fallback=True, character_coverage=1.0, normalization_rule_name="identity", remove_extra_whitespaces=False),
        "plain pieces": spm("bpe", size=60, character_coverage=1.0, normalization_rule_name="identity", pad_id=3, user_defined_symbols=["<sep_x>"]),
        "unigram": spm("unigram", size=60, character_coverage=1.0, normalization_rule_name="identity"),
        "gpt2": byte_pairs("<|endoftext|>"),
        "roberta": byte_pairs("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
        "bert json": bert_file(words),
        "gpt2 json": gpt2_file(),
        "bert": {"vocab.txt": "\n".join(words) + "\n"},
        "mpnet": {"vocab.txt": "\n".join(["<s>", "<pad>", "</s>", "[UNK]", "<mask>"] + words[5:]) + "\n"},
    }


def token(content, special=True, **options):
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": special} | options


class Cases:
    def __init__(self, bases):
        self.bases, self.cases, self.results = bases, [], []

    def add(self, name, base, config=None, special_map=None, added=None, model=None, **files):
        folder_files = {"config.json": json.dumps({"model_type": model} if model else {})}
        if model is None and config is None:
            folder_files["config.json"] = json.dumps({"model_type": {"gpt2": "gpt2", "roberta": "roberta", "bert": "bert", "mpnet": "mpnet"}.get(base, "llama")})
        if config is not None:
            folder_files["tokenizer_config.json"] = json.dumps(config)
        if special_map is not None:
            folder_files["special_tokens_map.json"] = json.dumps(special_map)
        if added is not None:
            folder_files["added_tokens.json"] = json.dumps(added)
        folder_files |= files
        with tempfile.TemporaryDirectory() as folder:
            for file, text in (self.bases[base] | folder_files).items():
                with open(os.path.join(folder, file), "wb") as output:
                    output.write(base64.b64decode(text) if file == "tokenizer.model" else text.encode())
            try:
                tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
                ids = [tokenizer(text)["input_ids"] for text in TEXTS]
                if os.environ.get("SHOW"):
                    print(f"{base:12} {name:50} {type(tokenizer).__name__:18}", ids[0], ids[1], ids[3], ids[7], {k.content: (i, k.special, k.normalized) for i, k in tokenizer.added_tokens_decoder.items() if i > 3})
            except Exception as error:
                if os.environ.get("SHOW"):
                    print(f"{base:12} {name:50} REFUSED {type(error).__name__}: {str(error)[:140]}")
                return
        self.results += [result for i, result in enumerate(ids) if result not in self.results and result not in ids[:i]]
        self.cases.append({"name": f"{base}: {name}", "base": base, "files": folder_files, "results": [self.results.index(result) for result in ids]})


def size(base, bases):
    files = bases[base]
    if "tokenizer.json" in files:
        return len(json.loads(files["tokenizer.json"])["model"]["vocab"])
    if "vocab.json" in files:
        return len(json.loads(files["vocab.json"]))
    if "vocab.txt" in files:
        return files["vocab.txt"].count("\n")
    processor = sentencepiece.SentencePieceProcessor(model_proto=base64.b64decode(files["tokenizer.model"]))
    return processor.vocab_size()


CLASSES = {
    "json": "PreTrainedTokenizerFast", "llama": "LlamaTokenizer", "plain pieces": "PreTrainedTokenizerFast",
    "unigram": "PreTrainedTokenizerFast", "gpt2": "GPT2Tokenizer", "roberta": "RobertaTokenizer", "bert": "BertTokenizer",
    "mpnet": "MPNetTokenizer",
}


def add_cases(cases):
    bases = cases.bases
    for base, name in CLASSES.items():
        n = size(base, bases)
        chat = {str(n): token("<|im_end|>"), str(n + 1): token("<|im_start|>")}
        c = {"tokenizer_class": name}
        if base in ("llama", "plain pieces", "unigram"):
            c |= {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True, "legacy": True}
        # A bare tokenizer.model begins texts as its language models do, where the reference adds nothing.
        if "tokenizer.model" not in bases[base]:
            cases.add("nothing", base)
        cases.add("class alone", base, c)
        cases.add("added_tokens_decoder", base, c | {"added_tokens_decoder": chat})
        cases.add("added_tokens.json", base, c, added={"<|im_start|>": n + 1, "<|im_end|>": n})
        cases.add("added_tokens.json, special by config", base, c | {"additional_special_tokens": ["<|im_start|>"]}, added={"<|im_start|>": n + 1, "<|im_end|>": n})
        cases.add("added_tokens.json, normalized", base, c, added={"<|TOOL|>": n})
        cases.add("decoder over added_tokens.json", base, c | {"added_tokens_decoder": chat}, added={"<|im_start|>": n, "<|im_end|>": n + 1, "<extra>": n + 2})
        cases.add("decoder over special_tokens_map.json", base, c | {"added_tokens_decoder": chat, "pad_token": "<extra>"}, special_map={"pad_token": "<sep_x>", "additional_special_tokens": ["<|TOOL|>"]})
        cases.add("special_tokens_map.json over config", base, c | {"pad_token": "<extra>"}, special_map={"pad_token": "<sep_x>"})
        cases.add("special_tokens_map.json's additional", base, c | {"additional_special_tokens": ["<extra>"]}, special_map={"additional_special_tokens": ["<|TOOL|>", token("<|tool|>", lstrip=True)]})
        cases.add("special_tokens_map.json's additional alone", base, c, special_map={"additional_special_tokens": ["<|TOOL|>", "<extra>"]})
        cases.add("special_tokens_map.json's additional with added_tokens.json", base, c, special_map={"additional_special_tokens": ["<|TOOL|>"], "eos_token": "<|tool|>"}, added={"<|TOOL|>": n, "<|tool|>": n + 1})
        cases.add("special_tokens_map.json's extra", base, c | {"extra_special_tokens": ["<extra>"]}, special_map={"extra_special_tokens": ["<|TOOL|>", "<extra>"]})
        cases.add("additional_special_tokens", base, c | {"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
        cases.add("extra over additional", base, c | {"additional_special_tokens": ["<extra>"], "extra_special_tokens": ["<|im_start|>"]})
        cases.add("empty extra, additional", base, c | {"additional_special_tokens": ["<extra>"], "extra_special_tokens": []})
        cases.add("named extra tokens", base, c | {"extra_special_tokens": {"image_token": "<extra>", "tool_token": "<|tool|>"}})
        cases.add("a named token of its own", base, c | {"tool_token": "<|tool|>", "pad_token": "<pad>"})
        cases.add("pad_token", base, c | {"pad_token": "<extra>"})
        cases.add("pad_token as an object", base, c | {"pad_token": token("<extra>", lstrip=True, rstrip=True) | {"__type": "AddedToken"}})
        cases.add("order: decoder, named, extra", base, c | {"added_tokens_decoder": {str(n): token("<|im_end|>")}, "additional_special_tokens": ["<sep_x>"], "pad_token": "<extra>", "mask_token": "<mask>"})
        cases.add("named token takes the decoder's properties", base, c | {"added_tokens_decoder": {str(n): token("<|tool|>", special=False, lstrip=True)}, "pad_token": "<|tool|>"})
        cases.add("not special, normalized", base, c | {"added_tokens_decoder": {str(n): token("<|TOOL|>", special=False, normalized=True)}})
        cases.add("single word", base, c | {"added_tokens_decoder": {str(n): token("the", special=False, single_word=True)}})
        cases.add("known token with properties", base, c | {"added_tokens_decoder": {"7": token("a", special=False, rstrip=True)}})
        for switches in ({"add_bos_token": False}, {"add_eos_token": True}, {"add_bos_token": True, "add_eos_token": True}):
            cases.add(f"{switches}", base, c | switches)
        cases.add("add_eos_token with another eos", base, c | {"add_eos_token": True, "eos_token": "<|im_end|>", "added_tokens_decoder": chat})
        cases.add("add_bos_token with another bos", base, c | {"add_bos_token": True, "bos_token": "<|im_start|>", "added_tokens_decoder": chat})
        cases.add("add_prefix_space true", base, c | {"add_prefix_space": True, "added_tokens_decoder": chat})
        cases.add("add_prefix_space false", base, c | {"add_prefix_space": False, "added_tokens_decoder": chat})
        cases.add("split_special_tokens", base, c | {"split_special_tokens": True, "added_tokens_decoder": chat})
        cases.add("sep and cls", base, c | {"cls_token": "<extra>", "sep_token": "<sep_x>"})
        cases.add("unk_token", base, c | {"unk_token": "a"})
        cases.add("do_lower_case false", base, c | {"do_lower_case": False})
    for legacy in (True, False, None):
        c = {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "bos_token": "<s>"} | ({} if legacy is None else {"legacy": legacy})
        n = size("llama", bases)
        cases.add(f"legacy {legacy}", "llama", c | {"added_tokens_decoder": {str(n): token("<|im_end|>"), str(n + 1): token("<|im_start|>")}})
        cases.add(f"legacy {legacy}, generic class", "llama", c | {"tokenizer_class": "PreTrainedTokenizerFast", "added_tokens_decoder": {str(n): token("<|im_end|>"), str(n + 1): token("<|im_start|>")}})
    for name in ("GemmaTokenizer", "BaichuanTokenizer", "InternLM2Tokenizer"):
        cases.add(name, "llama", {"tokenizer_class": name, "add_bos_token": False})
    n = size("plain pieces", bases)
    cases.add("unused pieces are renamed", "plain pieces", {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": False, "added_tokens_decoder": {"11": token("<|im_start|>"), "12": token("<|im_end|>")}})
    for name in ("Qwen2Tokenizer", "Qwen2TokenizerFast", "CodeGenTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer"):
        for base in ("gpt2", "roberta"):
            cases.add(name, base, {"tokenizer_class": name})
    for name in ("DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "DPRQuestionEncoderTokenizer", "ConvBertTokenizer"):
        cases.add(name, "bert", {"tokenizer_class": name})
    for lower in (True, False):
        cases.add(f"do_lower_case {lower}", "bert json", {"tokenizer_class": "BertTokenizer", "do_lower_case": lower})
        cases.add(f"do_lower_case {lower}, accents kept", "bert json", {"tokenizer_class": "BertTokenizerFast", "do_lower_case": lower, "strip_accents": False})
        cases.add(f"add_prefix_space {lower}", "gpt2 json", {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": lower})
        cases.add(f"generic class, add_prefix_space {lower}", "gpt2 json", {"tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": lower})
        cases.add(f"generic class, do_lower_case {lower}", "bert json", {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": lower})
    for model in ("roberta", "gpt2", "qwen2", "bart", "opt"):
        cases.add(f"model_type {model}", "roberta", None, model=model)
        cases.add(f"model_type {model}", "gpt2", {}, model=model)
    for model in ("bert", "mpnet", "distilbert", "electra", "nomic_bert"):
        cases.add(f"model_type {model}", "bert", {}, model=model)
    cases.add("tokenizer_class in config.json", "roberta", {}, **{"config.json": json.dumps({"model_type": "llama", "tokenizer_class": "RobertaTokenizer"})})


def main():
    cases = Cases(make_bases())
    add_cases(cases)
    folder = os.path.join(os.path.dirname(__file__), "..", "Tests/AttentionTokenizersTests/Fixtures")
    with open(os.path.join(folder, "settings.json"), "w", encoding="utf-8") as file:
        json.dump({"texts": TEXTS, "bases": cases.bases, "results": cases.results, "cases": cases.cases}, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


main()
