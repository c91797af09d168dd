#!/usr/bin/env python3
"""Fits the polynomials of Sources/CAttentionKernels/vec_math.h and prints their coefficients and errors.

    python3 Scripts/fit_polynomials.py        needs numpy and scipy

Minimax fits by Lawson's method: least squares over Chebyshev nodes, with weights that grow where the error is
largest. Coefficients are rounded to float32 afterwards; errors are those before rounding.
"""

import numpy as np
from scipy.special import erf, erfc


def fit(f, powers, low, high, weight, rounds=400, nodes=4000):
    """Coefficients of the given powers that approximate f on [low, high], and the largest weighted error."""
    x = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    x = x[np.abs(x) > 1e-9]
    basis, values, scale = np.stack([x**p for p in powers], axis=1), f(x), weight(x)
    emphasis = np.ones_like(x)
    for _ in range(rounds):
        w = np.sqrt(emphasis) * scale
        coefficients = np.linalg.lstsq(basis * w[:, None], values * w, rcond=None)[0]
        error = np.abs(basis @ coefficients - values) * scale
        emphasis *= error / error.max() + 1e-12
        emphasis /= emphasis.sum()
    return coefficients, error.max()


def report(name, result):
    coefficients, error = result
    print(f"{name}: error {error:.1e}")
    for c in coefficients:
        print(f"    {float(np.float32(c)).hex()}f")


# 2^x = 1 + x·p(x), relative
report("2^x on ±1/2", fit(lambda x: np.expm1(x * np.log(2)) / x, range(6), -0.5, 0.5, lambda x: np.abs(x) / 2**x))
# erf x = x·p(x²) near 0, relative; 1 − 2^q(x) beyond, absolute
report("erf to 0.9375", fit(lambda x: erf(x) / x, range(0, 12, 2), 1e-6, 0.9375, lambda x: x / erf(x)))
report("log2 erfc to 4", fit(lambda x: np.log2(erfc(x)), range(7), 0.93, 4, lambda x: erfc(x) * np.log(2)))
# tanh x = x + x³·p(x²) near 0, relative
report("tanh to 0.625", fit(lambda x: (np.tanh(x) / x - 1) / x**2, range(0, 10, 2), 1e-4, 0.625,
                            lambda x: x**3 / np.tanh(x)))
