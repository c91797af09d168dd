// Operations on rows: activations, layer norm, norms, dot products.

// A row's numbers from `i` on as a vector; what lies beyond the row is `fill`.
INLINE vf load_part(const float *x, int64_t i, int64_t width, float fill) {
    if (i + VW <= width) return ld(x + i);
    float tail[VW];
    st(tail, bc(fill));
    __builtin_memcpy(tail, x + i, (size_t)(width - i) * sizeof(float));
    return ld(tail);
}

INLINE void store_part(float *x, int64_t i, int64_t width, vf value) {
    if (i + VW <= width) {
        st(x + i, value);
        return;
    }
    float tail[VW];
    st(tail, value);
    __builtin_memcpy(x + i, tail, (size_t)(width - i) * sizeof(float));
}

INLINE void activate_with(const ak_activation activation, const float *x, int64_t count, float *out) {
    for (int64_t i = 0; i < count; i += VW) {
        store_part(out, i, count, activate_(activation, load_part(x, i, count, 0)));
    }
}

static void FN(activate)(const float *x, int64_t count, ak_activation activation, float *out) {
    switch (activation) {
    case AK_GELU: activate_with(AK_GELU, x, count, out); break;
    case AK_GELU_TANH: activate_with(AK_GELU_TANH, x, count, out); break;
    case AK_RELU: activate_with(AK_RELU, x, count, out); break;
    case AK_SILU: activate_with(AK_SILU, x, count, out); break;
    case AK_TANH: activate_with(AK_TANH, x, count, out); break;
    default: activate_with(AK_IDENTITY, x, count, out); break;
    }
}

// Layer normalisation (arXiv:1607.06450). The mean first, then the variance about it: the one-pass formula
// loses the variance of a row with a large mean. What the mean's own rounding left over is measured in the
// second pass and taken off in the third; a row whose mean is a thousand deviations needs it.
static void FN(layer_norm)(const float *x, const float *residual, int64_t rows, int64_t width, const float *gain,
                           const float *bias, float epsilon, float *out) {
    for (int64_t r = 0; r < rows; r++, x += width, out += width) {
        vf sum = bc(0);
        for (int64_t i = 0; i < width; i += VW) {
            vf y = load_part(x, i, width, 0);
            if (residual) {
                y += load_part(residual, i, width, 0);
                store_part(out, i, width, y);
            }
            sum += y;
        }
        const float *y = residual ? out : x;
        const float mean = reduce_add(sum) / (float)width;
        vf squares = bc(0), rest = bc(0);
        for (int64_t i = 0; i < width; i += VW) {
            vf centred = load_part(y, i, width, mean) - bc(mean);
            squares = fma_(centred, centred, squares);
            rest += centred;
        }
        const float left = reduce_add(rest) / (float)width;
        const float variance = reduce_add(squares) / (float)width - left * left;
        const float scale = 1 / __builtin_sqrtf((variance < 0 ? 0 : variance) + epsilon);
        for (int64_t i = 0; i < width; i += VW) {
            vf normal = (load_part(y, i, width, 0) - bc(mean) - bc(left)) * bc(scale);
            vf g = gain ? load_part(gain, i, width, 0) : bc(1);
            vf b = bias ? load_part(bias, i, width, 0) : bc(0);
            store_part(out, i, width, fma_(normal, g, b));
        }
        if (residual) residual += width;
    }
}

INLINE float FN(dot)(const float *a, const float *b, int64_t count) {
    vf sum = bc(0);
    for (int64_t i = 0; i < count; i += VW) sum = fma_(load_part(a, i, count, 0), load_part(b, i, count, 0), sum);
    return reduce_add(sum);
}

static void FN(inverse_norms)(const float *x, ptrdiff_t row, int64_t rows, int64_t width, float *out) {
    for (int64_t r = 0; r < rows; r++) {
        const float *at = x + r * row;
        float squares = FN(dot)(at, at, width);
        if (squares > 1e-30f && squares < 1e30f) {
            out[r] = 1 / __builtin_sqrtf(squares);
            continue;
        }
        // Very long and very short vectors: their squares leave float's range, not double's.
        double sum = 0;
        for (int64_t i = 0; i < width; i++) sum += (double)at[i] * at[i];
        const double inverse = 1 / __builtin_sqrt(sum);
        out[r] = sum == 0 ? 0 : inverse > 0x1.fffffep127 ? 0x1.fffffep127f : (float)inverse;
    }
}
