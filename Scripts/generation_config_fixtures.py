#!/usr/bin/env python3
"""Writes Tests/AttentionGenerationTests/Fixtures/generation_config.json: settings as `generation_config.json` has
them, random logits, and what transformers makes of them.

    .venv/bin/python Scripts/generation_config_fixtures.py

    texts  {config, prompt, end, limit, logits: [row per token], tokens: the most probable token of each row, one after
           the other, until one of `end` or `limit` tokens}
    cuts   {config, logits, probabilities: {token: probability} of the tokens that may be drawn}

Logits are stored as whole numbers of sixteenths.
"""
import json
import os
import types

import numpy as np
import torch
from transformers import GenerationConfig
from transformers.generation.utils import GenerationMixin

VOCABULARY = 14
END = [12, 13]


def processors(config, prompt_count):
    """The processors that `generate` makes of the settings, in its order."""
    config = GenerationConfig(**{**GenerationConfig._get_default_generation_params(), **config})
    config._eos_token_tensor = torch.tensor(config.eos_token_id or END)
    model = types.SimpleNamespace(
        config=types.SimpleNamespace(is_encoder_decoder=False),
        _merge_criteria_processor_list=lambda processors, _: processors)
    return GenerationMixin._get_logits_processor(model, config, input_ids_seq_length=prompt_count, device="cpu")


def text(config, prompt, random):
    new = config.get("max_new_tokens", 12)
    rows = []
    tokens = list(prompt)
    made = processors({**config, "max_length": len(prompt) + new}, len(prompt))
    while len(tokens) < len(prompt) + new:
        # No two logits of a row are equal.
        row = random.permutation(VOCABULARY) * 4 + random.integers(-30, 1) + random.integers(0, 4, VOCABULARY)
        rows.append(row.tolist())
        logits = torch.tensor(row[None] / 16, dtype=torch.float32)
        token = int(made(torch.tensor([tokens]), logits).argmax())
        tokens.append(token)
        if token in END:
            break
    return {"config": config, "prompt": prompt, "end": END, "limit": new, "logits": rows, "tokens": tokens[len(prompt):]}


def cut(config, random):
    # No two are equal: the reference keeps all that equal the last of top_k, and here the lowest ids come first.
    row = random.permutation(160)[:60] - 60
    config = {"do_sample": True, **config}
    made = processors(config, 1)
    scores = made(torch.tensor([[0]]), torch.tensor(row[None] / 16, dtype=torch.float32))
    probabilities = scores.softmax(-1)[0].tolist()
    return {"config": config, "logits": row.tolist(),
            "probabilities": {str(i): p for i, p in enumerate(probabilities) if p > 0}}


TEXTS = [
    {}, {"suppress_tokens": [1, 5, 7]}, {"begin_suppress_tokens": [0, 1, 2, 3, 4, 5, 6]}, {"min_new_tokens": 6}, {"min_length": 7},
    {"min_length": 5, "min_new_tokens": 3}, {"no_repeat_ngram_size": 1}, {"no_repeat_ngram_size": 2},
    {"no_repeat_ngram_size": 3}, {"bad_words_ids": [[3], [4, 5], [6, 7, 8], [12]]},
    {"bad_words_ids": [[a, b] for a in range(14) for b in range(14) if (a + b) % 3 == 0]},
    {"sequence_bias": [[[3], 2.5], [[4], -1.25], [[1, 2], 3.0], [[5, 2], -4.0], [[2, 7, 1], 5.0]]},
    {"sequence_bias": [[[a, b], 4.0] for a in range(14) for b in range(14) if (a * b) % 5 == 1]},
    {"repetition_penalty": 1.5}, {"repetition_penalty": 0.7}, {"forced_bos_token_id": 9},
    {"forced_bos_token_id": 9, "begin_suppress_tokens": [1, 2, 3, 4, 5, 6, 7]}, {"forced_eos_token_id": 13}, {"forced_eos_token_id": [12]},
    {"exponential_decay_length_penalty": [3, 1.4]}, {"exponential_decay_length_penalty": [0, 2.0], "min_new_tokens": 5},
    {"repetition_penalty": 1.3, "no_repeat_ngram_size": 2, "suppress_tokens": [2], "min_new_tokens": 4,
     "bad_words_ids": [[1, 1], [8]], "begin_suppress_tokens": [11, 10], "forced_eos_token_id": 12, "max_new_tokens": 9},
]
CUTS = [
    {}, {"top_k": 5}, {"top_k": 0}, {"top_k": 0, "temperature": 0.5}, {"epsilon_cutoff": 0.02, "top_k": 0}, {"epsilon_cutoff": 0.9},
    {"epsilon_cutoff": 0.05, "temperature": 2.0}, {"eta_cutoff": 0.02, "top_k": 0}, {"eta_cutoff": 0.3, "top_k": 0},
    {"eta_cutoff": 0.001, "temperature": 3.0, "top_k": 0}, {"eta_cutoff": 0.9, "top_k": 12},
    {"top_k": 20, "top_p": 0.9, "min_p": 0.02, "typical_p": 0.95, "epsilon_cutoff": 0.01, "eta_cutoff": 0.02, "temperature": 1.4},
    {"typical_p": 0.3, "top_k": 0, "epsilon_cutoff": 0.05}, {"typical_p": 0.3, "top_k": 0, "eta_cutoff": 0.5}, {"min_p": 0.3},
]


def main():
    random = np.random.default_rng(12)
    texts = []
    for config in TEXTS:
        for prompt in [[5], [3, 4], [1, 2, 1, 2, 7, 1]]:
            for _ in range(4):
                texts.append(text(config, prompt, random))
    cuts = [cut(config, random) for config in CUTS for _ in range(6)]
    path = os.path.join(os.path.dirname(__file__), "../Tests/AttentionGenerationTests/Fixtures/generation_config.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"vocabulary": VOCABULARY, "texts": texts, "cuts": cuts}, file, separators=(",", ":"))
        file.write("\n")
    print(len(texts), "texts,", len(cuts), "cuts,", os.path.getsize(path), "bytes")


if __name__ == "__main__":
    main()
