#!/usr/bin/env python3
"""A decoder's step in PyTorch on the CPU: a few queries against a long cache, timed on request.

In, one JSON object a line:
    {"op": "decode", "h": 32, "hkv": 8, "nq": 1, "nk": 4096, "d": 128, "type": "float32", "way": "folded",
     "threads": 2, "repeats": 5}
    {"op": "quit"}
Out:
    {"seconds": [one a call]}   or   {"error": "…"}

The ways of asking: "gqa" leaves it to `enable_gqa`; "folded" gives the query heads that share a key head as rows of one
head, so that keys and values are read once. Both see all keys. Queries, keys and values have the same type.
"""

import torch
import torch.nn.functional as F

from peer import serve, timed

SHAPE = ("h", "hkv", "nq", "nk", "d", "type")
current: dict = {}


def problem(request: dict):
    """A function that runs the request's step once; the last shape's inputs are kept."""
    key = tuple(request[name] for name in SHAPE)
    if current.get("key") != key:
        h, hkv, nq, nk, d, name = key
        current.clear()
        generator = torch.Generator().manual_seed(0)
        q, k, v = (torch.randn(1, heads, n, d, generator=generator).to(getattr(torch, name))
                   for heads, n in ((h, nq), (hkv, nk), (hkv, nk)))
        rows = q.view(1, hkv, h // hkv * nq, d)
        current.update(
            key=key, gqa=lambda: F.scaled_dot_product_attention(q, k, v, enable_gqa=h != hkv),
            folded=lambda: F.scaled_dot_product_attention(rows, k, v))
    return current[request["way"]]


def decode(request: dict) -> dict:
    with torch.inference_mode():
        if torch.get_num_threads() != request["threads"]:
            torch.set_num_threads(request["threads"])
        seconds, _ = timed(problem(request), request.get("repeats", 5))
        return {"seconds": seconds}


if __name__ == "__main__":
    serve({"decode": decode})
