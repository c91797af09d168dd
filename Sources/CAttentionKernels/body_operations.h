// Dropout, sums of rows, rows of length 1.

static void FN(dropout)(const float *x, int64_t count, uint64_t key, uint64_t first, uint32_t threshold, float scale,
                        float *out) {
    for (int64_t i = 0; i < count; i += VW) {
        vi kept = (vi)(random_line_(key, first + (uint64_t)i) >= (vu)threshold);
        store_part(out, i, count, select(kept, load_part(x, i, count, 0) * bc(scale), bc(0)));
    }
}

static void FN(random_words)(uint64_t key, uint64_t first, int64_t count, uint32_t *out) {
    for (int64_t i = 0; i < count; i += VW) {
        uint32_t words[VW];
        *(vu_unaligned *)words = random_line_(key, first + (uint64_t)i);
        const int64_t some = count - i < VW ? count - i : VW;
        __builtin_memcpy(out + i, words, (size_t)some * sizeof(uint32_t));
    }
}

INLINE void sum_columns(const int vectors, const float *x, ptrdiff_t row, const int64_t *indices, int64_t count,
                        int64_t at, int64_t width, float *out) {
    vf sums[4];
    UNROLL for (int j = 0; j < vectors; j++) sums[j] = bc(0);
    for (int64_t r = 0; r < count; r++) {
        const float *from = x + (indices ? indices[r] : r) * row;
        UNROLL for (int j = 0; j < vectors; j++) sums[j] += load_part(from, at + j * VW, width, 0);
    }
    UNROLL for (int j = 0; j < vectors; j++) store_part(out, at + j * VW, width, sums[j]);
}

static void FN(sum_rows)(const float *x, ptrdiff_t row, const int64_t *indices, int64_t count, int64_t width,
                         float *out) {
    int64_t at = 0;
    for (; at + 4 * VW <= width; at += 4 * VW) sum_columns(4, x, row, indices, count, at, width, out);
    for (; at < width; at += VW) sum_columns(1, x, row, indices, count, at, width, out);
}

// The squares are summed in double precision: a length that is off by its rounding moves every channel the
// same way, and no square leaves double's range.
INLINE double squared_length(const float *x, int64_t width) {
    typedef double vd __attribute__((ext_vector_type(VW)));
    vd sum = (vd)0.0;
    for (int64_t i = 0; i < width; i += VW) {
        vd wide = __builtin_convertvector(load_part(x, i, width, 0), vd);
        sum += wide * wide;
    }
    double total = 0;
    for (int lane = 0; lane < VW; lane++) total += sum[lane];
    return total;
}

static void FN(normalize)(const float *x, int64_t rows, int64_t width, float least, float *y, float *inverse) {
    for (int64_t r = 0; r < rows; r++, x += width, y += width) {
        const double length = __builtin_sqrt(squared_length(x, width));
        // In this order NaN stays.
        const double divisor = length < (double)least ? (double)least : length;
        for (int64_t i = 0; i < width; i += VW) {
            store_part(y, i, width, load_part(x, i, width, 0) / bc((float)divisor));
        }
        inverse[r] = (float)(1 / divisor);
    }
}

// dx = (dy − y Σ y dy) / ‖x‖; a row shorter than `least` is divided by a constant, and has dx = dy / least.
static void FN(normalize_backward)(const float *y, const float *inverse, const float *gradient, int64_t rows,
                                   int64_t width, float least, float *out) {
    for (int64_t r = 0; r < rows; r++, y += width, gradient += width, out += width) {
        const int is_short = inverse[r] == (float)(1 / (double)least);
        const float along = is_short ? 0 : FN(dot)(y, gradient, width);
        for (int64_t i = 0; i < width; i += VW) {
            vf g = fma_(load_part(y, i, width, 0), bc(-along), load_part(gradient, i, width, 0));
            store_part(out, i, width, g * bc(inverse[r]));
        }
    }
}

#define AK_OPERATION_KERNELS                                                                                     \
    {                                                                                                            \
        .softmax = FN(softmax), .softmax_backward = FN(softmax_backward), .cross_entropy = FN(cross_entropy),    \
        .cross_entropy_backward = FN(cross_entropy_backward), .rotate = FN(rotate), .dropout = FN(dropout),      \
        .random_words = FN(random_words), .sum_rows = FN(sum_rows), .normalize = FN(normalize),                  \
        .normalize_backward = FN(normalize_backward),                                                            \
    }
