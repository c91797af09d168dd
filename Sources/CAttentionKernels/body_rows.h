// Lengths of rows, and what needs them.

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
