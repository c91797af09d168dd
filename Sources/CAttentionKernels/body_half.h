// Products with weights in 16-bit floats, read where they lie.
//
// k stands in the lanes: a vector of W needs no rearrangement, and what is left at the end is a sum over the
// lanes. An output is a sum over blocks of 1024 of k, for any number of rows, so that many rows have the bits
// of one. Few rows are here; many, for which weights are laid out first, in body_half_wide.h.

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

// Tiles of rows by outputs. Weights are asked for in the order of memory, into the second-level cache: 36
// GB/s instead of 27 on two cores of Zen 4; into the first level, it is no faster than without. With vectors
// of 16, one row reads one output after the other, and the weights 8 KiB ahead (13 GB/s on a core of Emerald
// Rapids that streams 15, 9 without asking). With shorter ones, an output's one chain of multiply-adds takes
// longer than its weights: then HALF_STREAMS outputs stand side by side, twice as fast with 8, and the next
// outputs' weights are asked for.
#if VW == 16
enum { HALF_ROWS = 6, HALF_OUTPUTS = 4, HALF_STREAMS = 4 };
#elif VW == 8
enum { HALF_ROWS = 4, HALF_OUTPUTS = 2, HALF_STREAMS = 8 };
#else
enum { HALF_ROWS = 4, HALF_OUTPUTS = 4, HALF_STREAMS = 4 };
#endif
enum {
    HALF_DEPTH = 1024,  // of k in one sum
    HALF_BLOCKS = 8,    // such sums that one row keeps while it reads an output's weights
    HALF_DIRECT = 8     // rows for which converting the weights ahead does not pay
};

// The lanes' chains of `mr` rows and `no` outputs over `depth` of k.
INLINE void half_chains(const int format, const int mr, const int no, const ak_half_product *p, const float *x,
                        const uint16_t *w, int64_t depth, vf acc[HALF_ROWS][HALF_STREAMS]) {
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
        vf acc[HALF_ROWS][HALF_STREAMS];
        half_chains(format, mr, no, p, p->x + row * p->x_row + k, p->w + (output + o) * p->w_row + k,
                    end - k < HALF_DEPTH ? end - k : HALF_DEPTH, acc);
        UNROLL for (int i = 0; i < mr; i++) UNROLL for (int s = 0; s < no; s++) chains[0][i][o + s] = acc[i][s];
    }
}

// Shuffles of two vectors whose lanes are expressions of their places: written as loops over lanes, the same
// shuffles took the compiler most of a minute.
#define LANES_4(lane, at, bit) lane(at, bit), lane(at + 1, bit), lane(at + 2, bit), lane(at + 3, bit)
#if VW == 16
#define EACH_LANE(lane, bit) LANES_4(lane, 0, bit), LANES_4(lane, 4, bit), LANES_4(lane, 8, bit), LANES_4(lane, 12, bit)
#elif VW == 8
#define EACH_LANE(lane, bit) LANES_4(lane, 0, bit), LANES_4(lane, 4, bit)
#else
#define EACH_LANE(lane, bit) LANES_4(lane, 0, bit)
#endif

// Lanes `bit` apart added up: the sums of `even` in the lanes without the bit, those of `odd` in the lanes
// with it.
#define APART_OWN(l, bit) (((l) & (bit)) ? VW + (l) : (l))
#define APART_OTHER(l, bit) (((l) & (bit)) ? VW + ((l) ^ (bit)) : ((l) ^ (bit)))
#define FOLDED_APART(even, odd, bit)                                                 \
    (__builtin_shufflevector(even, odd, EACH_LANE(APART_OWN, bit)) +                 \
     __builtin_shufflevector(even, odd, EACH_LANE(APART_OTHER, bit)))

// The same, but the next bit says whose sums they are, and `bit` says what that bit said.
#define CLOSE_FROM(l, bit) (((l) & ~(3 * (bit)) & (VW - 1)) | ((l) & (bit)) << 1)
#define CLOSE_FIRST(l, bit) (((l) & 2 * (bit)) ? VW + CLOSE_FROM(l, bit) : CLOSE_FROM(l, bit))
#define CLOSE_SECOND(l, bit) (CLOSE_FIRST(l, bit) | (bit))
#define FOLDED_CLOSE(even, odd, bit)                                                 \
    (__builtin_shufflevector(even, odd, EACH_LANE(CLOSE_FIRST, bit)) +               \
     __builtin_shufflevector(even, odd, EACH_LANE(CLOSE_SECOND, bit)))

// Chains of `count` neighbouring outputs whose lanes have been added up by `width` already, added up `count`
// times as far: an output's lane in the result is its place. Lanes are added up in pairs, so that half of a
// vector is never idle, and in the order that takes no more than two shuffles a pair.
INLINE vf folded(const int count, const int width, vf chains[]) {
    UNROLL for (int done = width, left = count / 2; left > 0; done *= 2, left /= 2) {
        UNROLL for (int j = 0; j < left; j++) {
            const vf even = chains[2 * j], odd = chains[2 * j + 1];
            if (done == 1) chains[j] = FOLDED_APART(even, odd, 2);
            if (done == 2) chains[j] = FOLDED_CLOSE(even, odd, 1);
#if VW > 4
            if (done == 4) chains[j] = FOLDED_APART(even, odd, (VW / 2));
#endif
#if VW > 8
            if (done == 8) chains[j] = FOLDED_CLOSE(even, odd, 4);
#endif
        }
    }
    return chains[0];
}

// Few rows, with weights as they lie.
INLINE void half_tile(const int format, const int mr, const ak_half_product *p, int64_t row) {
    // The outputs side by side, and the sums of an output that are kept until all are added up.
    const int no = mr > 1 ? HALF_OUTPUTS : VW == 16 ? 1 : HALF_STREAMS, blocks = no == 1 ? HALF_BLOCKS : 1;
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
#define ROWS(mr) if (mr <= HALF_ROWS) half_tile(format, mr, p, row)
        FOR_ROWS(rows, ROWS)
#undef ROWS
        row += rows;
    }
}
