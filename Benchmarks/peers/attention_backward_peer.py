#!/usr/bin/env python3
"""PyTorch's `scaled_dot_product_attention` forward and backward on the CPU, timed on request.

In, one JSON object a line:
    {"op": "training", "b": 1, "h": 8, "n": 512, "d": 64, "causal": true, "threads": 2, "repeats": 5}
    {"op": "quit"}
Out:
    {"forward": [seconds of each call], "both": [seconds of each forward and backward]}   or   {"error": "…"}

Queries, keys and values are contiguous float32 [B, H, N, D] that require gradients; the forward pass is the one that
saves what the backward pass needs.
"""

import time

import torch
import torch.nn.functional as F

from peer import serve

current: dict = {}


def training(request: dict) -> dict:
    if torch.get_num_threads() != request["threads"]:
        torch.set_num_threads(request["threads"])
    shape = tuple(request[name] for name in ("b", "h", "n", "d"))
    if current.get("shape") != shape:
        current.clear()
        generator = torch.Generator().manual_seed(0)
        tensors = [torch.randn(*shape, generator=generator) for _ in range(4)]
        current.update(shape=shape, inputs=[t.requires_grad_() for t in tensors[:3]], gradient=tensors[3])
    inputs, forward, both = current["inputs"], [], []
    for _ in range(request["repeats"]):
        for tensor in inputs:
            tensor.grad = None
        start = time.perf_counter()
        output = F.scaled_dot_product_attention(*inputs, is_causal=request["causal"])
        middle = time.perf_counter()
        output.backward(current["gradient"])
        both.append(time.perf_counter() - start)
        forward.append(middle - start)
    return {"forward": forward, "both": both}


if __name__ == "__main__":
    serve({"training": training})
