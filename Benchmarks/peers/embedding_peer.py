#!/usr/bin/env python3
"""Sentence embeddings by PyTorch or ONNX Runtime on the CPU, timed on request.

In, one JSON object a line:
    {"op": "load", "model": FOLDER, "threads": 2, "engine": "torch" | "onnxruntime"}
    {"op": "embed", "file": FILE, "batch": 32}     optional: "repeats" (default 1)
    {"op": "quit"}
Out:
    {"seconds": load time, "engine": …, "version": …}
    {"seconds": [with tokenization, one a repeat], "modelSeconds": [without], "sentences": n, "tokens": n,
     "batch": n, "first": [the first line's vector], "checksum": sum of all entries}
    or {"error": "…"}

Both engines get their best: the lines are tokenized in one call by the Rust tokenizer, sorted by length, cut
into batches that are padded to their own longest line only, pooled by mean and L2-normalised. PyTorch runs in
inference mode with `scaled_dot_product_attention`; ONNX Runtime runs the graph with its own fused transformer
operators. All arithmetic is float32. The first `embed` after `load` warms up on the first batches, untimed.
"""

import importlib
import time
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from peer import serve, timed

LONGEST = 256
state: dict = {}


def load(request: dict) -> dict:
    """Loads tokenizer and engine."""
    start = time.perf_counter()
    folder = Path(request["model"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    engine = importlib.import_module("engine_" + request["engine"])
    forward = engine.load(folder, request["threads"])
    state.update(tokenizer=tokenizer, forward=forward, fresh=True)
    return {"seconds": time.perf_counter() - start, "engine": request["engine"], "version": engine.version()}


def batches(ids: list[list[int]], size: int):
    """Indices, ids [b, n] and mask [b, n] of each batch, the shortest lines first."""
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        longest = len(ids[chosen[-1]])
        tokens = np.zeros((len(chosen), longest), dtype=np.int64)
        mask = np.zeros((len(chosen), longest), dtype=np.int64)
        for row, index in enumerate(chosen):
            tokens[row, : len(ids[index])] = ids[index]
            mask[row, : len(ids[index])] = 1
        yield chosen, tokens, mask


def embed_ids(ids: list[list[int]], size: int) -> np.ndarray:
    """L2-normalised vectors [lines, M] in the order of the lines."""
    vectors = None
    for chosen, tokens, mask in batches(ids, size):
        result = state["forward"](tokens, mask)
        if vectors is None:
            vectors = np.empty((len(ids), result.shape[1]), dtype=np.float32)
        vectors[chosen] = result
    return vectors


def embed(request: dict) -> dict:
    """Embeds the file's lines."""
    if not state:
        raise RuntimeError("nothing is loaded yet")
    lines = Path(request["file"]).read_text(encoding="utf-8").splitlines()
    size = request.get("batch", 32)
    tokenize = lambda: [e.ids for e in state["tokenizer"].encode_batch(lines)]
    if state.pop("fresh", False):
        embed_ids(tokenize()[: 4 * size], size)
    total, model = [], []
    for _ in range(request.get("repeats", 1)):
        (tokens,), ids = timed(tokenize, 1)
        (inference,), vectors = timed(lambda: embed_ids(ids, size), 1)
        total.append(tokens + inference)
        model.append(inference)
    return {
        "seconds": total, "modelSeconds": model, "sentences": len(ids), "tokens": sum(map(len, ids)),
        "batch": size, "first": vectors[0].tolist(), "checksum": float(vectors.sum(dtype=np.float64))}


if __name__ == "__main__":
    serve({"load": load, "embed": embed})
