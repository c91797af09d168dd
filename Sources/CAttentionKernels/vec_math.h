// Elementary functions over vectors. Polynomials are minimax fits of our own (Scripts/fit_polynomials.py),
// each with its error before rounding; rounding adds one to two units in the last place.

// 2ˣ for x ≤ 0 or small positive; exactly 0 below −126.5, NaN for NaN. Relative error 2.0e-9 before
// rounding; one degree less would do with 9.2e-8, which shows in the last digit of a softmax.
//
// The power of two is put together as a float and multiplied in, rather than added to the exponent's bits:
// it costs the same, keeps NaN a NaN whatever its payload, and gives masked scores (−∞) a weight of
// exactly 0 without a comparison.
#define EXP2_ROUND (12582912.f + 127.f) /* 1.5·2²³ + the exponent's bias: the sum's low bits are the power */
#define EXP2_LOWEST -127.f
#define EXP2_C1 0x1.62e430p-1f
#define EXP2_C2 0x1.ebfbdcp-3f
#define EXP2_C3 0x1.c6aee8p-5f
#define EXP2_C4 0x1.3b2d4cp-7f
#define EXP2_C5 0x1.5f3e52p-10f
#define EXP2_C6 0x1.41fbbcp-13f

INLINE vf exp2_(vf x) {
    x = vmax(bc(EXP2_LOWEST), x);  // in this order NaN stays
    vf rounded = x + bc(EXP2_ROUND);
    vf f = x - (rounded - bc(EXP2_ROUND));
    vf p = fma_(bc(EXP2_C6), f, bc(EXP2_C5));
    p = fma_(p, f, bc(EXP2_C4));
    p = fma_(p, f, bc(EXP2_C3));
    p = fma_(p, f, bc(EXP2_C2));
    p = fma_(p, f, bc(EXP2_C1));
    p = fma_(p, f, bc(1));
    return p * as_float(as_int(rounded) << 23);
}

#define LOG2_E 0x1.715476p+0f

// tanh x = x + x³·p(x²) near 0 (error 4.4e-9), 1 − 2 / (e²ˣ + 1) elsewhere, where nothing cancels.
INLINE vf tanh_(vf x) {
    vf t = vabs(x), s = x * x;
    vf p = fma_(bc(-0x1.75e1cep-8f), s, bc(0x1.52269cp-6f));
    p = fma_(p, s, bc(-0x1.b83c5ap-5f));
    p = fma_(p, s, bc(0x1.110726p-3f));
    p = fma_(p, s, bc(-0x1.555532p-2f));
    vf near = fma_(p * s, x, x);
    vf e = exp2_(t * bc(-2 * LOG2_E));
    vf far = __builtin_elementwise_copysign((bc(1) - e) / (bc(1) + e), x);
    return select(t < bc(0.625f), near, far);
}

// erf x = x·p(x²) up to 0.9375 (error 1.9e-8), 1 − 2^q(x) beyond (error 1.4e-9); 1 from 4 on.
INLINE vf erf_(vf x) {
    vf t = vabs(x), s = x * x;
    vf p = fma_(bc(-0x1.36595cp-11f), s, bc(0x1.465008p-8f));
    p = fma_(p, s, bc(-0x1.b66328p-6f));
    p = fma_(p, s, bc(0x1.ce17a8p-4f));
    p = fma_(p, s, bc(-0x1.8126d4p-2f));
    p = fma_(p, s, bc(0x1.20dd74p+0f));
    vf near = p * x;
    vf u = vmin(bc(4), t);  // in this order NaN stays
    vf q = fma_(bc(0x1.2530c0p-12f), u, bc(-0x1.1dc4f8p-8f));
    q = fma_(q, u, bc(0x1.05b7f4p-5f));
    q = fma_(q, u, bc(-0x1.329476p-3f));
    q = fma_(q, u, bc(-0x1.d6cd70p-1f));
    q = fma_(q, u, bc(-0x1.a07152p+0f));
    q = fma_(q, u, bc(-0x1.51082ap-12f));
    vf far = __builtin_elementwise_copysign(bc(1) - exp2_(q), x);
    return select(t < bc(0.9375f), near, far);
}

INLINE vf gelu_(vf x) {
    vf half = x * bc(0.5f);
    return fma_(half, erf_(x * bc(0x1.6a09e6p-1f)), half);
}

INLINE vf gelu_tanh_(vf x) {
    vf inner = bc(0x1.988454p-1f) * fma_(bc(0.044715f) * x * x, x, x);
    vf half = x * bc(0.5f);
    return fma_(half, tanh_(inner), half);
}

// x / (1 + e⁻ˣ), by e^−|x| so that nothing overflows.
INLINE vf silu_(vf x) {
    vf e = exp2_(vabs(x) * bc(-LOG2_E));
    return x * select(x < bc(0), e, bc(1)) / (bc(1) + e);
}

INLINE vf activate_(const ak_activation activation, vf x) {
    switch (activation) {
    case AK_GELU: return gelu_(x);
    case AK_GELU_TANH: return gelu_tanh_(x);
    case AK_RELU: return vmax(bc(0), x);
    case AK_SILU: return silu_(x);
    case AK_TANH: return tanh_(x);
    default: return x;
    }
}
