#!/usr/bin/env python3
"""PyTorch's matrix products on the CPU, timed on request.

In, one JSON object a line:
    {"op": "product", "kind": "forward", "m": 512, "k": 512, "n": 512, "type": "float32", "threads": 2, "repeats": 5}
        kind: forward (x · Wᵀ), input (dy · W) or weight (dyᵀ · x), of a layer with k inputs and n outputs and m rows
    {"op": "quit"}
Out:
    {"seconds": [one a call], "checksum": the output's sum}   or   {"error": "…"}

Tensors are drawn once for each request's shape and type, and freed when another is asked for.
"""

import torch
import torch.nn.functional as F

from peer import serve, timed

current: dict = {}


def problem(request: dict):
    key = tuple(request[name] for name in ("kind", "m", "k", "n", "type"))
    if current.get("key") != key:
        kind, m, k, n, name = key
        current.clear()
        generator = torch.Generator().manual_seed(0)
        x, w, dy = (torch.randn(*shape, generator=generator).to(getattr(torch, name))
                    for shape in ((m, k), (n, k), (m, n)))
        run = {"forward": lambda: F.linear(x, w), "input": lambda: dy @ w, "weight": lambda: dy.t() @ x}[kind]
        current.update(key=key, run=run)
        timed(run, 2)
    return current["run"]


def product(request: dict) -> dict:
    with torch.inference_mode():
        if torch.get_num_threads() != request["threads"]:
            torch.set_num_threads(request["threads"])
        seconds, output = timed(problem(request), request["repeats"])
        return {"seconds": seconds, "checksum": output.double().sum().item()}


if __name__ == "__main__":
    serve({"product": product})
