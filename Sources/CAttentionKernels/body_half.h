// Products with weights in 16-bit floats, read where they lie.
//
// k stands in the lanes: a vector of W needs no rearrangement, and what is left at the end is a sum over the lanes.
// Converting W to packed float32 panels first, for many rows, was 9 % slower at k = 1024 and 3 % faster at 4096.

typedef uint16_t vh __attribute__((ext_vector_type(VW), aligned(1)));  // files need not align what they hold

INLINE vf from_half(const int format, vh h) {
    if (format == AK_FLOAT16) return half_to_float((FN(v16))h);
    return as_float((vi)(__builtin_convertvector(h, vu) << 16));
}

INLINE vf ld_half(const int format, const uint16_t *p) { return from_half(format, *(const vh *)p); }

// The numbers from `i` on; 0 beyond `width`.
INLINE vf ld_half_part(const int format, const uint16_t *p, int64_t i, int64_t width) {
    if (i + VW <= width) return ld_half(format, p + i);
    uint16_t tail[VW] = {0};
    __builtin_memcpy(tail, p + i, (size_t)(width - i) * sizeof(uint16_t));
    return ld_half(format, tail);
}

// Tiles of rows by outputs. Weights are asked for in the order of memory, into the second-level cache: 36 GB/s instead of
// 27 on two cores of Zen 4; into the first level, it is no faster than without. One row reads one output after the other,
// and the weights 8 KiB ahead.
#if VW == 16
enum { HALF_ROWS = 6, HALF_OUTPUTS = 4 };
#elif VW == 8
enum { HALF_ROWS = 4, HALF_OUTPUTS = 2 };
#else
enum { HALF_ROWS = 4, HALF_OUTPUTS = 4 };
#endif
enum {
    HALF_DEPTH = 1024,  // of k in one sum
    HALF_BLOCKS = 8,    // such sums that one row keeps while it reads an output's weights
    HALF_DIRECT = 8     // rows for which converting the weights ahead does not pay
};

// The lanes' chains of `mr` rows and `no` outputs over `depth` of k.
INLINE void half_chains(const int format, const int mr, const int no, const ak_half_product *p, const float *x,
                        const uint16_t *w, int64_t depth, vf acc[HALF_ROWS][HALF_OUTPUTS]) {
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int o = 0; o < no; o++) acc[i][o] = bc(0);
    const char *next = (const char *)(no == 1 ? w + 4096 : w + no * p->w_row);
    int64_t k = 0;
    for (; k + VW <= depth; k += VW) {
        if (mr == 1) {
            UNROLL for (int at = 0; at < no * VW * 2; at += 64) __builtin_prefetch(next + k * no * 2 + at, 0, 2);
        }
        vf a[HALF_ROWS];
        UNROLL for (int i = 0; i < mr; i++) a[i] = ld(x + i * p->x_row + k);
        UNROLL for (int o = 0; o < no; o++) {
            const vf b = ld_half(format, w + o * p->w_row + k);
            UNROLL for (int i = 0; i < mr; i++) acc[i][o] = fma_(a[i], b, acc[i][o]);
        }
    }
    if (k < depth) {
        UNROLL for (int o = 0; o < no; o++) {
            const vf b = ld_half_part(format, w + o * p->w_row, k, depth);
            UNROLL for (int i = 0; i < mr; i++) {
                acc[i][o] = fma_(load_part(x + i * p->x_row, k, depth, 0), b, acc[i][o]);
            }
        }
    }
}

// Of `no` outputs from `output + o` on, sum by sum.
INLINE void half_sums(const int format, const int mr, const int no, const ak_half_product *p, int64_t row, int64_t output,
                      int64_t o, int64_t start, int64_t end, vf chains[][HALF_ROWS][VW]) {
    for (int64_t k = start; k < end; k += HALF_DEPTH, chains++) {
        vf acc[HALF_ROWS][HALF_OUTPUTS];
        half_chains(format, mr, no, p, p->x + row * p->x_row + k, p->w + (output + o) * p->w_row + k,
                    end - k < HALF_DEPTH ? end - k : HALF_DEPTH, acc);
        UNROLL for (int i = 0; i < mr; i++) UNROLL for (int s = 0; s < no; s++) chains[0][i][o + s] = acc[i][s];
    }
}

// Chains of `count` neighbouring outputs whose lanes have been added up by `width` already, added up `count` times as far:
// an output's lane in the result is its place. Lanes are added up in pairs, so that half of a vector is never idle.
INLINE vf folded(const int count, const int width, vf chains[]) {
    UNROLL for (int bit = width, left = count / 2; left > 0; bit *= 2, left /= 2) {
        UNROLL for (int j = 0; j < left; j++) {
            const vf even = chains[2 * j], odd = chains[2 * j + 1];
            vf own, other;
            UNROLL for (int l = 0; l < VW; l++) {
                own[l] = l & bit ? odd[l] : even[l];
                other[l] = l & bit ? odd[l ^ bit] : even[l ^ bit];
            }
            chains[j] = own + other;
        }
    }
    return chains[0];
}

// Few rows, with weights as they lie. `blocks`: sums of an output that are kept until all are added up.
INLINE void half_tile(const int format, const int mr, const int no, const int blocks, const ak_half_product *p,
                      int64_t row) {
    for (int64_t output = 0; output < p->n; output += VW) {
        const int64_t count = p->n - output < VW ? p->n - output : VW;
        vf sum[HALF_ROWS];
        UNROLL for (int i = 0; i < mr; i++) sum[i] = bc(0);
        for (int64_t start = 0; start < p->k; start += blocks * HALF_DEPTH) {
            vf chains[HALF_BLOCKS][HALF_ROWS][VW];
            const int64_t end = p->k - start < blocks * HALF_DEPTH ? p->k : start + blocks * HALF_DEPTH;
            int64_t o = 0;
            for (; o + no <= count; o += no) half_sums(format, mr, no, p, row, output, o, start, end, chains);
            for (; o < count; o++) half_sums(format, mr, 1, p, row, output, o, start, end, chains);
            for (; o < VW; o++) {
                for (int b = 0; b < blocks; b++) UNROLL for (int i = 0; i < mr; i++) chains[b][i][o] = bc(0);
            }
            for (int64_t k = start, b = 0; k < end; k += HALF_DEPTH, b++) {
                UNROLL for (int i = 0; i < mr; i++) sum[i] += folded(VW, 1, chains[b][i]);
            }
        }
        const vf bias = p->bias ? load_part(p->bias, output, p->n, 0) : bc(0);
        UNROLL for (int i = 0; i < mr; i++) {
            store_part(p->y + (row + i) * p->y_row, output, p->n, p->bias ? sum[i] + bias : sum[i]);
        }
    }
}

INLINE void few_rows(const int format, const ak_half_product *p) {
    int64_t tiles = (p->m + HALF_ROWS - 1) / HALF_ROWS;
    for (int64_t row = 0; row < p->m; tiles--) {
        const int64_t rows = (p->m - row + tiles - 1) / tiles;
        switch (rows) {
        case 1: half_tile(format, 1, 1, HALF_BLOCKS, p, row); break;
        case 2: half_tile(format, 2, HALF_OUTPUTS, 1, p, row); break;
        case 3: half_tile(format, 3, HALF_OUTPUTS, 1, p, row); break;
        case 4: half_tile(format, 4, HALF_OUTPUTS, 1, p, row); break;
        case 5: half_tile(format, HALF_ROWS > 4 ? 5 : 1, HALF_OUTPUTS, 1, p, row); break;
        case 6: half_tile(format, HALF_ROWS > 5 ? 6 : 1, HALF_OUTPUTS, 1, p, row); break;
        default: break;
        }
        row += rows;
    }
}

// Many rows. What a tile reads is laid out in its order, in float32: `a[step][row]` and `b[quad][step][output]`,
// vectors of k. `mr` rows by VW outputs.
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

static void FN(many_rows)(const ak_half_product *p) {
    for (int64_t start = 0; start < p->k; start += HALF_DEPTH) {
        const int64_t depth = p->k - start < HALF_DEPTH ? p->k - start : HALF_DEPTH, steps = (depth + VW - 1) / VW;
        const int is_first = start == 0, is_last = start + depth == p->k;
        float *b = p->scratch + p->m * steps * VW;
        for (int64_t output = 0; output < p->n; output += VW) {
            for (int64_t o = 0; o < VW; o += HALF_OUTPUTS) {
                const uint16_t *w = p->w + (output + o) * p->w_row + start;
                float *quad = b + o * steps * VW;
                if (p->format == AK_FLOAT16) lay_quad(AK_FLOAT16, p, w, p->n - output - o, depth, quad);
                else lay_quad(AK_BFLOAT16, p, w, p->n - output - o, depth, quad);
            }
            int64_t tiles = (p->m + HALF_ROWS - 1) / HALF_ROWS;
            for (int64_t row = 0; row < p->m; tiles--) {
                const int64_t rows = (p->m - row + tiles - 1) / tiles;
                float *a = p->scratch + row * steps * VW;
                const float *x = p->x + row * p->x_row + start;
                for (int64_t o = VW * row / p->m; o < VW * (row + rows) / p->m; o++) {
                    const uint16_t *next = p->w + (output + VW + o) * p->w_row + start;
                    for (int64_t at = 0; at < depth; at += 32) __builtin_prefetch(next + at, 0, 2);
                }
#define ROWS(rows)                                                                   \
    case rows: {                                                                     \
        const int mr = rows <= HALF_ROWS ? rows : 1;                                 \
        if (output == 0) lay_rows(mr, p, x, depth, a);                               \
        wide_tile(mr, p, a, b, steps, row, output, is_first, is_last);               \
        break;                                                                       \
    }
                switch (rows) {
                    ROWS(1);
                    ROWS(2);
                    ROWS(3);
                    ROWS(4);
                    ROWS(5);
                    ROWS(6);
                default: break;
                }
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
