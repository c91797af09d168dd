#!/usr/bin/env python3
"""PyTorch's `scaled_dot_product_attention` on the CPU, timed on request.

In, one JSON object a line:
    {"op": "forward", "b": 1, "h": 8, "hkv": 8, "nq": 512, "nk": 512, "d": 64, "causal": true, "threads": 2,
     "repeats": 5}      optional: "dv" (default d), "warmup" (default 2, the first time a shape is seen),
                        "fold": the query heads that share a key head become rows of one head (not causal)
    {"op": "info"}
    {"op": "quit"}
Out:
    {"seconds": [one a call], "checksum": the output's sum}   or   {"error": "…"}
    {"torch": version, "capability": "AVX512", "config": …}

Queries, keys and values are contiguous float32 [B, H, N, D], drawn once for each shape, and freed when another
shape is asked for. Causal is PyTorch's `is_causal` (top-left).
"""

import torch
import torch.nn.functional as F

from peer import serve, timed

SHAPE = ("b", "h", "hkv", "nq", "nk", "d", "dv", "causal", "fold")
current: dict = {}


def problem(request: dict):
    """A function that runs the request's attention once; the last shape's inputs are kept."""
    request = {"hkv": request["h"], "dv": request["d"], "causal": False, "fold": False} | request
    key = tuple(request[name] for name in SHAPE)
    if current.get("key") != key:
        b, h, hkv, nq, nk, d, dv, causal, fold = key
        current.clear()
        generator = torch.Generator().manual_seed(0)
        q, k, v = (torch.randn(b, heads, n, width, generator=generator)
                   for heads, n, width in ((h, nq, d), (hkv, nk, d), (hkv, nk, dv)))
        if fold:
            q, h = q.reshape(b, hkv, h // hkv * nq, d), hkv
        options = {"is_causal": causal, "enable_gqa": h != hkv}
        current.update(key=key, fresh=True, run=lambda: F.scaled_dot_product_attention(q, k, v, **options))
    return current["run"]


def forward(request: dict) -> dict:
    with torch.inference_mode():
        if torch.get_num_threads() != request["threads"]:
            torch.set_num_threads(request["threads"])
        run = problem(request)
        if current.pop("fresh", False):
            timed(run, request.get("warmup", 2))
        seconds, output = timed(run, request.get("repeats", 5))
        return {"seconds": seconds, "checksum": output.double().sum().item()}


def info(_: dict) -> dict:
    return {"torch": torch.__version__, "config": torch.__config__.show(),
            "capability": torch.backends.cpu.get_cpu_capability()}


if __name__ == "__main__":
    serve({"forward": forward, "info": info})
