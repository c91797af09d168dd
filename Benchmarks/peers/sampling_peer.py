#!/usr/bin/env python3
"""transformers' logits processors and torch's draw, timed on request.

In, one JSON object a line:
    {"op": "sampling", "name": "top-p", "value": 0.95, "spread": 1.0, "peaks": 0, "v": 151936, "threads": 1, "repeats": 20}
    {"op": "quit"}
Out:
    {"seconds": [of each call]}   or   {"error": "…"}

Logits are normal numbers times `spread`, and `peaks` of them are 12 above.
"""

import time

import torch
from transformers.generation import logits_process as processors

from peer import serve

KINDS = {
    "top-k": processors.TopKLogitsWarper, "top-p": processors.TopPLogitsWarper,
    "typical": processors.TypicalLogitsWarper, "min-p": processors.MinPLogitsWarper,
}


def sampling(request: dict) -> dict:
    if torch.get_num_threads() != request["threads"]:
        torch.set_num_threads(request["threads"])
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, request["v"], generator=generator) * request["spread"]
    logits[0, : request["peaks"]] += 12
    kind = KINDS.get(request["name"])
    value = int(request["value"]) if request["name"] == "top-k" else request["value"]
    processor = kind(value) if kind else None
    seconds = []
    for _ in range(request["repeats"]):
        start = time.perf_counter()
        if request["name"] == "greedy":
            torch.argmax(logits, dim=-1).item()
        else:
            scores = processor(None, logits) if processor else logits
            torch.multinomial(torch.softmax(scores, dim=-1), 1, generator=generator).item()
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds}


if __name__ == "__main__":
    serve({"sampling": sampling})
