// Products of many rows with weights in 16-bit floats: rows and weights are laid out in float32 first, in the order in
// which a tile reads them, 1024 of k at a time. A tile of six rows (24 KiB) then stays in the first-level cache while the
// weights of VW outputs (64 KiB), converted once for all rows, pass by from the second. On a core of Emerald Rapids 145 of
// the 170 GFLOP/s that multiply-adds reach, where converting in the tile reached 117: a conversion takes the ports of two
// multiply-adds. There is no order of k to keep across blocks but the sums', which stand in y.

// `mr` rows by VW outputs. `a[step][row]` and `b[quad][step][output]` are vectors of k.
INLINE void wide_tile(const int mr, const ak_half_product *p, const float *a, const float *b, int64_t steps, int64_t row,
                      int64_t output, const int is_first, const int is_last) {
    vf chains[HALF_ROWS][VW / HALF_OUTPUTS];
    for (int quad = 0; quad < VW / HALF_OUTPUTS; quad++, b += steps * HALF_OUTPUTS * VW) {
        vf acc[HALF_ROWS][HALF_OUTPUTS];
        UNROLL for (int i = 0; i < mr; i++) UNROLL for (int o = 0; o < HALF_OUTPUTS; o++) acc[i][o] = bc(0);
        for (int64_t k = 0; k < steps; k++) {
            vf x[HALF_ROWS];
            UNROLL for (int i = 0; i < mr; i++) x[i] = ld(a + (k * mr + i) * VW);
            UNROLL for (int o = 0; o < HALF_OUTPUTS; o++) {
                const vf w = ld(b + (k * HALF_OUTPUTS + o) * VW);
                UNROLL for (int i = 0; i < mr; i++) acc[i][o] = fma_(x[i], w, acc[i][o]);
            }
        }
        UNROLL for (int i = 0; i < mr; i++) chains[i][quad] = folded(HALF_OUTPUTS, 1, acc[i]);
    }
    const vf bias = is_last && p->bias ? load_part(p->bias, output, p->n, 0) : bc(0);
    UNROLL for (int i = 0; i < mr; i++) {
        float *y = p->y + (row + i) * p->y_row;
        vf sum = folded(VW / HALF_OUTPUTS, HALF_OUTPUTS, chains[i]);
        if (!is_first) sum = load_part(y, output, p->n, 0) + sum;
        store_part(y, output, p->n, is_last && p->bias ? sum + bias : sum);
    }
}

// `depth` numbers of each row from `x` on, in vectors side by side.
INLINE void lay_rows(const int mr, const ak_half_product *p, const float *x, int64_t depth, float *to) {
    int64_t k = 0;
    for (; k + VW <= depth; k += VW, to += mr * VW) {
        UNROLL for (int i = 0; i < mr; i++) st(to + i * VW, ld(x + i * p->x_row + k));
    }
    if (k == depth) return;
    UNROLL for (int i = 0; i < mr; i++) st(to + i * VW, load_part(x + i * p->x_row, k, depth, 0));
}

INLINE void lay_quad(const int format, const ak_half_product *p, const uint16_t *w, int64_t count, int64_t depth,
                     float *to) {
    int64_t k = 0;
    if (count >= HALF_OUTPUTS) {
        for (; k + VW <= depth; k += VW, to += HALF_OUTPUTS * VW) {
            UNROLL for (int o = 0; o < HALF_OUTPUTS; o++) st(to + o * VW, ld_half(format, w + o * p->w_row + k));
        }
    }
    for (; k < depth; k += VW, to += HALF_OUTPUTS * VW) {
        for (int o = 0; o < HALF_OUTPUTS; o++) {
            st(to + o * VW, o < count ? ld_half_part(format, w + o * p->w_row, k, depth) : bc(0));
        }
    }
}

// VW outputs' weights from `w` on, of which `count` are there.
INLINE void lay_weights(const ak_half_product *p, const uint16_t *w, int64_t count, int64_t depth, float *to) {
    const int64_t steps = (depth + VW - 1) / VW;
    for (int64_t o = 0; o < VW; o += HALF_OUTPUTS, w += HALF_OUTPUTS * p->w_row, to += HALF_OUTPUTS * steps * VW) {
        if (p->format == AK_FLOAT16) lay_quad(AK_FLOAT16, p, w, count - o, depth, to);
        else lay_quad(AK_BFLOAT16, p, w, count - o, depth, to);
    }
}

static void FN(many_rows)(const ak_half_product *p) {
    for (int64_t start = 0; start < p->k; start += HALF_DEPTH) {
        const int64_t depth = p->k - start < HALF_DEPTH ? p->k - start : HALF_DEPTH, steps = (depth + VW - 1) / VW;
        const int is_first = start == 0, is_last = start + depth == p->k;
        float *b = p->scratch + p->m * steps * VW;
        for (int64_t output = 0; output < p->n; output += VW) {
            const uint16_t *w = p->w + output * p->w_row + start;
            lay_weights(p, w, p->n - output, depth, b);
            int64_t tiles = (p->m + HALF_ROWS - 1) / HALF_ROWS;
            for (int64_t row = 0; row < p->m; tiles--) {
                const int64_t rows = (p->m - row + tiles - 1) / tiles;
                // The next outputs' weights, an even part with every tile. There need be none.
                for (int64_t o = VW * row / p->m; o < VW * (row + rows) / p->m; o++) {
                    for (int64_t k = 0; k < depth; k += 32) __builtin_prefetch(w + (VW + o) * p->w_row + k, 0, 2);
                }
                float *a = p->scratch + row * steps * VW;
#define ROWS(mr)                                                                                \
    if (mr <= HALF_ROWS) {                                                                      \
        if (output == 0) lay_rows(mr, p, p->x + row * p->x_row + start, depth, a);              \
        wide_tile(mr, p, a, b, steps, row, output, is_first, is_last);                          \
    }
                FOR_ROWS(rows, ROWS)
#undef ROWS
                row += rows;
            }
        }
    }
}

static int64_t FN(half_scratch)(int64_t m, int64_t k) {
    const int64_t depth = k < HALF_DEPTH ? (k + VW - 1) / VW * VW : HALF_DEPTH;
    return m <= HALF_DIRECT ? 0 : (m + VW) * depth;
}

static void FN(multiply_half)(const ak_half_product *p) {
    if (p->scratch && p->k > 0) FN(many_rows)(p);
    else if (p->format == AK_FLOAT16) few_rows(AK_FLOAT16, p);
    else few_rows(AK_BFLOAT16, p);
    if (p->activation == AK_IDENTITY) return;
    for (int64_t row = 0; row < p->m; row++) {
        float *y = p->y + row * p->y_row;
        FN(activate)(y, p->n, (ak_activation)p->activation, y);
    }
}

static void FN(from_half)(const uint16_t *in, int64_t count, int32_t format, float *out) {
    for (int64_t i = 0; i < count; i += VW) {
        const vf x = format == AK_FLOAT16 ? ld_half_part(AK_FLOAT16, in, i, count)
                                          : ld_half_part(AK_BFLOAT16, in, i, count);
        store_part(out, i, count, x);
    }
}

#define HALF_KERNELS                                                                                     \
    .half_scratch = FN(half_scratch), .multiply_half = FN(multiply_half), .from_half = FN(from_half)
