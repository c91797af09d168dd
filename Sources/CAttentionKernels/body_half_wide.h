// Products of many rows with weights in 16-bit floats. The weights of HALF_PANEL outputs and 1024 of k are
// laid out in float32, in the order in which a tile reads them (256 KiB), and stay in the second-level cache
// while all rows pass by; a tile's rows (24 KiB of six) stay in the first meanwhile. On a core of Emerald
// Rapids 85 % of what multiply-adds reach: converting in the tile reached 69 %, since a conversion takes the
// ports of two multiply-adds.
//
// Each step of the tile prefetches one line of the next weights: in bursts between tiles, prefetches took a
// tenth of the time. Laying out a second panel in small parts between the multiply-adds was slower than
// laying out one at once: by the time of its use, its lines had left the cache. Rows are read where they lie;
// copied into the tile's order they are no faster.

enum { HALF_PANEL = 64 };

// HALF_OUTPUTS outputs' weights from `w` on, of which `count` are there. `to[step][output]` are vectors of k.
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

// `count` outputs' weights from `w` on, up to a whole vector of outputs.
INLINE void lay_panel(const ak_half_product *p, const uint16_t *w, int64_t count, int64_t depth) {
    const int64_t quad = (depth + VW - 1) / VW * VW * HALF_OUTPUTS;
    float *to = p->scratch;
    for (int64_t o = 0; o < (count + VW - 1) / VW * VW; o += HALF_OUTPUTS, w += HALF_OUTPUTS * p->w_row, to += quad) {
        if (p->format == AK_FLOAT16) lay_quad(AK_FLOAT16, p, w, count - o, depth, to);
        else lay_quad(AK_BFLOAT16, p, w, count - o, depth, to);
    }
}

// Rows that meet a panel.
typedef struct {
    int64_t row;
    int64_t start, depth;   // of k
    int64_t output, count;  // the panel's
    const uint16_t *next;   // of the next panel's weights, the outputs to be fetched meanwhile
    int64_t next_count;
} half_meeting;

// The lanes' chains of `mr` rows from `x` on and HALF_OUTPUTS outputs from `b` on. `ahead`: numbers of `size`
// bytes, to be fetched meanwhile.
INLINE void wide_chains(const int mr, const ak_half_product *p, const float *x, const float *b, int64_t depth,
                        const char *ahead, int64_t size, vf acc[HALF_ROWS][HALF_OUTPUTS]) {
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int o = 0; o < HALF_OUTPUTS; o++) acc[i][o] = bc(0);
    int64_t k = 0;
    for (; k + VW <= depth; k += VW, b += HALF_OUTPUTS * VW) {
        __builtin_prefetch(ahead + k * size, 0, 2);
        vf a[HALF_ROWS];
        UNROLL for (int i = 0; i < mr; i++) a[i] = ld(x + i * p->x_row + k);
        UNROLL for (int o = 0; o < HALF_OUTPUTS; o++) {
            const vf w = ld(b + o * VW);
            UNROLL for (int i = 0; i < mr; i++) acc[i][o] = fma_(a[i], w, acc[i][o]);
        }
    }
    if (k == depth) return;
    UNROLL for (int i = 0; i < mr; i++) {
        const vf a = load_part(x + i * p->x_row, k, depth, 0);
        UNROLL for (int o = 0; o < HALF_OUTPUTS; o++) acc[i][o] = fma_(a, ld(b + o * VW), acc[i][o]);
    }
}

// `mr` rows by the panel's outputs, VW at a time.
INLINE void wide_tile(const int mr, const ak_half_product *p, const half_meeting *at) {
    const float *x = p->x + at->row * p->x_row + at->start, *b = p->scratch;
    const int64_t quad = (at->depth + VW - 1) / VW * VW * HALF_OUTPUTS;
    const int is_first = at->start == 0, is_last = at->start + at->depth == p->k;
    for (int64_t output = at->output, q = 0; output < at->output + at->count; output += VW) {
        vf chains[HALF_ROWS][VW / HALF_OUTPUTS];
        for (int part = 0; part < VW / HALF_OUTPUTS; part++, q++, b += quad) {
            // First the next rows, then the next weights; there need be none.
            const int isWeight = q >= mr && q - mr < at->next_count;
            const float *next = q < mr ? x + (mr + q) * p->x_row : x;
            const char *ahead = isWeight ? (const char *)(at->next + (q - mr) * p->w_row) : (const char *)next;
            vf acc[HALF_ROWS][HALF_OUTPUTS];
            wide_chains(mr, p, x, b, at->depth, ahead, isWeight ? 2 : 4, acc);
            UNROLL for (int i = 0; i < mr; i++) chains[i][part] = folded(HALF_OUTPUTS, 1, acc[i]);
        }
        const vf bias = is_last && p->bias ? load_part(p->bias, output, p->n, 0) : bc(0);
        UNROLL for (int i = 0; i < mr; i++) {
            float *y = p->y + (at->row + i) * p->y_row;
            vf sum = folded(VW / HALF_OUTPUTS, HALF_OUTPUTS, chains[i]);
            if (!is_first) sum = load_part(y, output, p->n, 0) + sum;
            store_part(y, output, p->n, is_last && p->bias ? sum + bias : sum);
        }
    }
}

static void FN(many_rows)(const ak_half_product *p) {
    half_meeting at = {0};
    for (at.start = 0; at.start < p->k; at.start += HALF_DEPTH) {
        at.depth = p->k - at.start < HALF_DEPTH ? p->k - at.start : HALF_DEPTH;
        for (at.output = 0; at.output < p->n; at.output += HALF_PANEL) {
            const uint16_t *w = p->w + at.output * p->w_row + at.start;
            at.count = p->n - at.output < HALF_PANEL ? p->n - at.output : HALF_PANEL;
            lay_panel(p, w, at.count, at.depth);
            int64_t tiles = (p->m + HALF_ROWS - 1) / HALF_ROWS;
            for (at.row = 0; at.row < p->m; tiles--) {
                const int64_t rows = (p->m - at.row + tiles - 1) / tiles, o = HALF_PANEL * at.row / p->m;
                at.next = w + (HALF_PANEL + o) * p->w_row;
                at.next_count = HALF_PANEL * (at.row + rows) / p->m - o;
#define ROWS(mr) if (mr <= HALF_ROWS) wide_tile(mr, p, &at)
                FOR_ROWS(rows, ROWS)
#undef ROWS
                at.row += rows;
            }
        }
    }
}

static int64_t FN(half_scratch)(int64_t m, int64_t k) {
    const int64_t depth = k < HALF_DEPTH ? (k + VW - 1) / VW * VW : HALF_DEPTH;
    return m <= HALF_DIRECT ? 0 : HALF_PANEL * depth;
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
