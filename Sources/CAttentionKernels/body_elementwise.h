// Element by element: sums, products, activations, gated units and their gradients.

static void FN(add)(const float *a, const float *b, int64_t count, float *out) {
    int64_t i = 0;
    for (; i + VW <= count; i += VW) st(out + i, ld(a + i) + ld(b + i));
    for (; i < count; i++) out[i] = a[i] + b[i];
}

static void FN(multiply_elements)(const float *a, const float *b, int64_t count, float *out) {
    int64_t i = 0;
    for (; i + VW <= count; i += VW) st(out + i, ld(a + i) * ld(b + i));
    for (; i < count; i++) out[i] = a[i] * b[i];
}

static void FN(scale)(const float *a, float factor, int64_t count, float *out) {
    int64_t i = 0;
    for (; i + VW <= count; i += VW) st(out + i, ld(a + i) * bc(factor));
    for (; i < count; i++) out[i] = a[i] * factor;
}

// Four partial sums for each lane: one chain of additions would wait for each to end.
static float FN(sum)(const float *a, int64_t count) {
    vf sums[4] = {bc(0), bc(0), bc(0), bc(0)};
    int64_t i = 0;
    for (; i + 4 * VW <= count; i += 4 * VW) {
        UNROLL for (int j = 0; j < 4; j++) sums[j] += ld(a + i + j * VW);
    }
    for (; i < count; i += VW) sums[0] += load_part(a, i, count, 0);
    return reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// σ(w) and its derivative e^−|w| / (1 + e^−|w|)², neither of which cancels or overflows.
INLINE void logistic(vf w, vf *value, vf *slope) {
    vf e = exp2_(vabs(w) * bc(-LOG2_E));
    vf r = bc(1) / (bc(1) + e);
    *value = select(w < bc(0), e, bc(1)) * r;
    *slope = e * r * r;
}

// An activation and its derivative at x. Beyond ±100 every derivative is what it is there; held back, x²
// stays finite.
INLINE void activation_slope(const ak_activation activation, vf x, vf *value, vf *slope) {
    const vf c = vmax(bc(-100), vmin(bc(100), x));  // in this order NaN stays
    vf s, ds;
    switch (activation) {
    case AK_GELU: {  // Φ(x) + x φ(x)
        vf cumulative = fma_(bc(0.5f), erf_(c * bc(0x1.6a09e6p-1f)), bc(0.5f));
        vf density = bc(0x1.988454p-2f) * exp2_(c * c * bc(-0.5f * LOG2_E));
        *value = x * cumulative;
        *slope = fma_(c, density, cumulative);
        break;
    }
    case AK_GELU_TANH: {  // x σ(w), w = 2√(2/π)(x + 0.044715 x³)
        vf square = c * c;
        logistic(bc(0x1.988454p+0f) * fma_(bc(0.044715f) * square, c, c), &s, &ds);
        *value = x * s;
        *slope = fma_(c * ds, bc(0x1.988454p+0f) * fma_(bc(3 * 0.044715f), square, bc(1)), s);
        break;
    }
    case AK_RELU:
        *value = vmax(bc(0), x);
        *slope = select(x > bc(0), bc(1), select(x == x, bc(0), x));
        break;
    case AK_SILU:  // x σ(x)
        logistic(c, &s, &ds);
        *value = x * s;
        *slope = fma_(c, ds, s);
        break;
    case AK_TANH:  // 2 σ(2x) − 1
        logistic(bc(2) * c, &s, &ds);
        *value = tanh_(x);
        *slope = bc(4) * ds;
        break;
    default:
        *value = x;
        *slope = bc(1);
        break;
    }
}

// Runs `CALL(activation)` with an activation known to the compiler.
#define FOR_ACTIVATION(activation, CALL)                                             \
    switch (activation) {                                                            \
    case AK_GELU: CALL(AK_GELU); break;                                              \
    case AK_GELU_TANH: CALL(AK_GELU_TANH); break;                                    \
    case AK_RELU: CALL(AK_RELU); break;                                              \
    case AK_SILU: CALL(AK_SILU); break;                                              \
    case AK_TANH: CALL(AK_TANH); break;                                              \
    default: CALL(AK_IDENTITY); break;                                               \
    }

INLINE void activate_with(const ak_activation activation, const float *x, int64_t count, float *out) {
    for (int64_t i = 0; i < count; i += VW) {
        store_part(out, i, count, activate_(activation, load_part(x, i, count, 0)));
    }
}

static void FN(activate)(const float *x, int64_t count, ak_activation activation, float *out) {
#define ACTIVATE(activation) activate_with(activation, x, count, out)
    FOR_ACTIVATION(activation, ACTIVATE)
#undef ACTIVATE
}

INLINE void activate_backward_with(const ak_activation activation, const float *x, const float *dy, int64_t count,
                                   float *dx) {
    for (int64_t i = 0; i < count; i += VW) {
        vf value, slope;
        activation_slope(activation, load_part(x, i, count, 0), &value, &slope);
        store_part(dx, i, count, load_part(dy, i, count, 0) * slope);
    }
}

static void FN(activate_backward)(const float *x, const float *dy, int64_t count, ak_activation activation, float *dx) {
#define BACKWARD(activation) activate_backward_with(activation, x, dy, count, dx)
    FOR_ACTIVATION(activation, BACKWARD)
#undef BACKWARD
}

INLINE void gate_with(const ak_activation activation, const ak_gate *p) {
    for (int64_t r = 0; r < p->rows; r++) {
        const float *gate = p->gate + r * p->row, *up = p->up + r * p->row;
        for (int64_t i = 0; i < p->width; i += VW) {
            vf value = activate_(activation, load_part(gate, i, p->width, 0));
            store_part(p->out + r * p->width, i, p->width, value * load_part(up, i, p->width, 0));
        }
    }
}

static void FN(gate)(const ak_gate *p) {
#define GATE(activation) gate_with(activation, p)
    FOR_ACTIVATION(p->activation, GATE)
#undef GATE
}

INLINE void gate_backward_with(const ak_activation activation, const ak_gate *p) {
    for (int64_t r = 0; r < p->rows; r++) {
        const ptrdiff_t at = r * p->row;
        for (int64_t i = 0; i < p->width; i += VW) {
            vf value, slope;
            activation_slope(activation, load_part(p->gate + at, i, p->width, 0), &value, &slope);
            vf dy = load_part(p->dy + r * p->width, i, p->width, 0);
            vf up = load_part(p->up + at, i, p->width, 0);
            store_part(p->dgate + at, i, p->width, dy * up * slope);
            store_part(p->dup + at, i, p->width, dy * value);
        }
    }
}

static void FN(gate_backward)(const ak_gate *p) {
#define BACKWARD(activation) gate_backward_with(activation, p)
    FOR_ACTIVATION(p->activation, BACKWARD)
#undef BACKWARD
}

#define AK_ELEMENTWISE_KERNELS                                                              \
    {.add = FN(add), .multiply = FN(multiply_elements), .scale = FN(scale), .sum = FN(sum),          \
     .activate = FN(activate), .activate_backward = FN(activate_backward),                  \
     .gate = FN(gate), .gate_backward = FN(gate_backward)}
