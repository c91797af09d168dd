// Normalisation of rows. What a row needs of its numbers (mean and deviation) is found again in the backward
// pass: the row is in the first-level cache then, and nothing has to be kept for it.

// The sum of a row, or of a row plus its residual, which is written to `out`.
INLINE float sum_of_row(const float *x, const float *residual, int64_t width, float *out) {
    vf sum = bc(0);
    for (int64_t i = 0; i < width; i += VW) {
        vf y = load_part(x, i, width, 0);
        if (residual) {
            y += load_part(residual, i, width, 0);
            store_part(out, i, width, y);
        }
        sum += y;
    }
    return reduce_add(sum);
}

// The numbers that normalise a row: (y − mean − left) · scale.
typedef struct {
    float mean, left, scale;
} FN(moments);

// The mean first, then the variance about it: the one-pass formula loses the variance of a row with a large
// mean. What the mean's own rounding left over is measured in the second pass and taken off in the third; a
// row whose mean is a thousand deviations needs it.
INLINE FN(moments) moments_of_row(const int centred, const float *y, float sum, int64_t width, float epsilon) {
    const float mean = centred ? sum / (float)width : 0;
    vf squares = bc(0), rest = bc(0);
    for (int64_t i = 0; i < width; i += VW) {
        vf value = load_part(y, i, width, mean) - bc(mean);
        squares = fma_(value, value, squares);
        if (centred) rest += value;
    }
    const float left = centred ? reduce_add(rest) / (float)width : 0;
    const float variance = reduce_add(squares) / (float)width - left * left;
    return (FN(moments)){mean, left, 1 / __builtin_sqrtf((variance < 0 ? 0 : variance) + epsilon)};
}

INLINE vf normalised(const float *y, int64_t i, int64_t width, FN(moments) m) {
    return (load_part(y, i, width, 0) - bc(m.mean) - bc(m.left)) * bc(m.scale);
}

INLINE vf gain_at(const ak_norm *p, int64_t i) {
    return p->gain ? load_part(p->gain, i, p->width, 0) + bc(p->gain_offset) : bc(1);
}

INLINE void norm_forward(const int centred, const ak_norm *p) {
    const int64_t width = p->width;
    for (int64_t r = 0; r < p->rows; r++) {
        const float *x = p->x + r * width, *residual = p->residual ? p->residual + r * width : NULL;
        float *out = p->out + r * width;
        const float sum = centred || residual ? sum_of_row(x, residual, width, out) : 0;
        const float *y = residual ? out : x;
        const FN(moments) m = moments_of_row(centred, y, sum, width, p->epsilon);
        for (int64_t i = 0; i < width; i += VW) {
            vf bias = p->bias ? load_part(p->bias, i, width, 0) : bc(0);
            store_part(out, i, width, fma_(normalised(y, i, width, m), gain_at(p, i), bias));
        }
    }
}

static void FN(norm_forward)(const ak_norm *p) {
    if (p->centred) norm_forward(1, p);
    else norm_forward(0, p);
}

// With n = (x − μ)·σ and g = gain · dy:   dx = σ · (g − mean(g) − n · mean(g · n)),   mean(g) only if
// centred; dgain = Σ dy · n,  dbias = Σ dy.
INLINE void norm_backward(const int centred, const ak_norm *p) {
    const int64_t width = p->width;
    for (int64_t r = 0; r < p->rows; r++) {
        const float *x = p->x + r * width, *dy = p->dy + r * width;
        const float sum = centred ? sum_of_row(x, NULL, width, NULL) : 0;
        const FN(moments) m = moments_of_row(centred, x, sum, width, p->epsilon);
        vf along = bc(0), even = bc(0);
        for (int64_t i = 0; i < width; i += VW) {
            vf n = normalised(x, i, width, m), d = load_part(dy, i, width, 0);
            vf g = d * gain_at(p, i);
            along = fma_(g, n, along);
            if (centred) even += g;
            if (p->dgain) store_part(p->dgain, i, width, fma_(d, n, load_part(p->dgain, i, width, 0)));
            if (p->dbias) store_part(p->dbias, i, width, d + load_part(p->dbias, i, width, 0));
        }
        if (!p->dx) continue;
        const vf mean_along = bc(reduce_add(along) / (float)width);
        const vf mean = bc(centred ? reduce_add(even) / (float)width : 0);
        for (int64_t i = 0; i < width; i += VW) {
            vf n = normalised(x, i, width, m), g = load_part(dy, i, width, 0) * gain_at(p, i);
            store_part(p->dx + r * width, i, width, fma_(-n, mean_along, g - mean) * bc(m.scale));
        }
    }
}

static void FN(norm_backward)(const ak_norm *p) {
    if (p->centred) norm_backward(1, p);
    else norm_backward(0, p);
}

#define AK_NORM_KERNELS {.forward = FN(norm_forward), .backward = FN(norm_backward)}
