#!/usr/bin/env python3
"""Forward and backward passes of layers by PyTorch's autograd on the CPU, timed on request.

In, one JSON object a line:
    {"op": "step", "layer": "layerNorm", "rows": 4096, "width": 768, "inner": 3072, "threads": 2, "repeats": 5}
    {"op": "quit"}
Out:
    {"seconds": [one a call]}   or   {"error": "…"}

A call computes the layer and the gradients at its input and at all of its parameters, in float32.
"""

import torch
import torch.nn.functional as F

from peer import serve, timed

current: dict = {}


def make(layer: str, rows: int, width: int, inner: int):
    """A function of no arguments, and the tensors at which its gradients are wanted."""
    generator = torch.Generator().manual_seed(0)

    def leaf(*shape: int, scale: float = 1.0) -> torch.Tensor:
        return (torch.randn(*shape, generator=generator) * scale).requires_grad_()

    x, gain, bias = leaf(rows, width), leaf(width), leaf(width)
    up, gate = leaf(inner, width, scale=width**-0.5), leaf(inner, width, scale=width**-0.5)
    up_bias, down = leaf(inner), leaf(width, inner, scale=inner**-0.5)
    match layer:
        case "layerNorm":
            return lambda: F.layer_norm(x, (width,), gain, bias), [x, gain, bias]
        case "rmsNorm":
            return lambda: F.rms_norm(x, (width,), gain, 1e-5), [x, gain]
        case "gelu":
            return lambda: F.gelu(x), [x]
        case "geluTanh":
            return lambda: F.gelu(x, approximate="tanh"), [x]
        case "linear":
            return lambda: F.linear(x, up, up_bias), [x, up, up_bias]
        case "feedForward":
            return (lambda: F.linear(F.gelu(F.linear(x, up, up_bias)), down, bias),
                    [x, up, up_bias, down, bias])
        case "softmax":
            return lambda: F.softmax(x, -1), [x]
        case "crossEntropy":
            targets = torch.arange(rows) * 97 % width
            return lambda: F.cross_entropy(x, targets), [x]
        case "embedding":  # `inner` vectors, of which `rows` are looked up
            indices = torch.arange(rows) * 97 % inner
            return lambda: F.embedding(indices, up), [up]
        case "rotary":  # `inner` heads of `rows` positions, as transformers turns them
            heads = leaf(1, inner, rows, width)
            angles = torch.arange(rows)[:, None] * 10000 ** -(torch.arange(0, width, 2) / width)
            cosines, sines = torch.cat([angles, angles], -1).cos(), torch.cat([angles, angles], -1).sin()
            half = width // 2
            return lambda: heads * cosines + torch.cat([-heads[..., half:], heads[..., :half]], -1) * sines, [heads]
        case "dropout":
            return lambda: F.dropout(x, 0.1), [x]
        case "swiGLU":
            return lambda: F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down), [x, gate, up, down]
    raise ValueError(f"no layer {layer}")


def step(request: dict) -> dict:
    if torch.get_num_threads() != request["threads"]:
        torch.set_num_threads(request["threads"])
    key = tuple(request[name] for name in ("layer", "rows", "width", "inner"))
    if current.get("key") != key:
        function, leaves = make(*key)
        seed = torch.ones_like(function())
        current.clear()
        current.update(key=key, run=lambda: torch.autograd.grad(function(), leaves, seed))
    seconds, _ = timed(current["run"], request["repeats"])
    return {"seconds": seconds}


if __name__ == "__main__":
    serve({"step": step})
