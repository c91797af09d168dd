// Operations on rows: reading and writing parts of them, lengths.

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
