// Attention, one panel of queries against one block of keys (FlashAttention's online softmax,
// arXiv:2205.14135), in its transposed form:
//
//     Sᵀ = K Qᵀ      m ← max(m, S)      Pᵀ = 2^(Sᵀ − m)      Oᵀ ← Oᵀ · 2^(m_old − m) + Vᵀ Pᵀ
//
// Queries stand in the vector lanes. K and V are read in place as broadcasts and nothing of them is packed;
// the softmax needs no operation across lanes. Exponentials are base 2: log2 e is folded into the scale.
//
// Two rules make a row's bits independent of its neighbours in the panel: every lane decides for itself
// whether to move its reference exponent, and a reference exponent is a whole number, so that moving it
// rescales by an exact power of two.

#define LANES(nv) ((nv) * VW)

// Asks for a tile's rows in the next block of keys: from the third-level cache they would come too late.
INLINE void prefetch_tile(const float *rows, ptrdiff_t stride, int64_t width) {
    if (!PREFETCH_ROWS) return;
    for (int r = 0; r < MR; r++) {
        for (int64_t at = 0; at < width; at += 16) __builtin_prefetch(rows + r * stride + at, 0, 2);
    }
}

// The keys that each lane of a panel sees, and those that all lanes see, by intervals.
typedef struct {
    vi first[NV], last[NV];
    int64_t all_first, all_last;
} FN(interval);

INLINE FN(interval) visible_interval(const int nv, const ak_block *b) {
    FN(interval) r;
    r.all_first = 0;
    r.all_last = b->keys;
    UNROLL for (int j = 0; j < nv; j++) {
        r.first[j] = (vi)(0);
        r.last[j] = (vi)(b->keys);
        if (!b->first) continue;
        __builtin_memcpy(&r.first[j], b->first + j * VW, sizeof(vi));
        __builtin_memcpy(&r.last[j], b->last + j * VW, sizeof(vi));
        const int32_t first = __builtin_reduce_max(r.first[j]), last = __builtin_reduce_min(r.last[j]);
        if (first > r.all_first) r.all_first = first;
        if (last < r.all_last) r.all_last = last;
    }
    return r;
}

// Which lanes of vector j the mask lets see `key`, bias aside.
INLINE vi sees(const ak_block *b, const FN(interval) *interval, int64_t key, int j) {
    const vi position = (vi)((int32_t)key);
    vi seen = (position >= interval->first[j]) & (position < interval->last[j]);
    if (b->visible) seen &= ((vi)((int32_t)(b->visible[key] >> (j * VW))) >> iota_int() & 1) != 0;
    return seen;
}

// Sᵀ of all keys, and each lane's largest score. Where nothing else changes the scores the mask is laid over
// them while they are in registers, and only over tiles that it does not leave whole.
INLINE void scores_all(const int nv, const ak_block *b, const int masks, vf largest[NV]) {
    FN(interval) interval;
    if (masks) interval = visible_interval(nv, b);
    UNROLL for (int j = 0; j < nv; j++) largest[j] = bc(-__builtin_inff());
    vf acc[MR][NV];
    int64_t i = 0;
#define ROWS(mr)                                                                              \
    tile_rows(mr, nv, b->k + i * b->k_row, b->k_row, b->q_panel, b->d, acc);                  \
    if (masks && (b->visible || i < interval.all_first || i + (mr) > interval.all_last)) {    \
        UNROLL for (int r = 0; r < (mr); r++) {                                               \
            UNROLL for (int j = 0; j < nv; j++) {                                             \
                acc[r][j] = select(sees(b, &interval, i + r, j), acc[r][j], bc(-__builtin_inff())); \
            }                                                                                 \
        }                                                                                     \
    }                                                                                         \
    UNROLL for (int r = 0; r < (mr); r++) {                                                   \
        UNROLL for (int j = 0; j < nv; j++) {                                                 \
            st(b->scores + (i + r) * LANES(nv) + j * VW, acc[r][j]);                          \
            largest[j] = vmax(acc[r][j], largest[j]);                                         \
        }                                                                                     \
    }
    for (; i + MR <= b->keys; i += MR) {
        prefetch_tile(b->k + (i + b->keys) * b->k_row, b->k_row, b->d);
        ROWS(MR)
    }
    FOR_ROWS(b->keys - i, ROWS)
#undef ROWS
}

// Everything that changes a score after the dot product, and the largest scores anew.
INLINE void modify_scores(const int nv, const ak_block *b, vf largest[NV]) {
    const FN(interval) interval = visible_interval(nv, b);
    UNROLL for (int j = 0; j < nv; j++) largest[j] = bc(-__builtin_inff());
    for (int64_t key = 0; key < b->keys; key++) {
        float *row = b->scores + key * LANES(nv);
        UNROLL for (int j = 0; j < nv; j++) {
            vf s = ld(row + j * VW);
            if (b->key_scale) s *= bc(b->key_scale[key]);
            if (b->softcap > 0) s = bc(b->softcap) * tanh_(s);
            if (b->slope) {
                vi position;
                __builtin_memcpy(&position, b->position + j * VW, sizeof position);
                const vf distance = __builtin_convertvector(position - (vi)(b->first_key + (int32_t)key), vf);
                s = fma_(vabs(distance), -ld(b->slope + j * VW), s);
            }
            if (b->bias) {
                vf bias = ld(b->bias + key * LANES(nv) + j * VW);
                s = select(bias == bc(-__builtin_inff()), bias, s + bias);  // a masked NaN must not leak
            }
            s = select(sees(b, &interval, key, j), s, bc(-__builtin_inff()));
            st(row + j * VW, s);
            largest[j] = vmax(s, largest[j]);
        }
    }
}

INLINE int is_masked(const ak_block *b) { return b->first || b->visible || b->bias; }

INLINE void score(const int nv, const ak_block *b, vf largest[NV]) {
    if (b->bias || b->key_scale || b->softcap > 0 || b->slope) {
        scores_all(nv, b, 0, largest);
        modify_scores(nv, b, largest);
    } else if (is_masked(b)) {
        scores_all(nv, b, 1, largest);
    } else {
        scores_all(nv, b, 0, largest);
    }
}

// Moves the reference exponent of the lanes whose scores outgrew it by more than 2⁸, and rescales their
// running sums. Rare after the first block, which is why O is not rescaled at every step.
INLINE void move_reference(const int nv, const ak_block *b, const vf largest[NV]) {
    vi outgrown[NV], some = (vi)(0);
    UNROLL for (int j = 0; j < nv; j++) {
        outgrown[j] = largest[j] > ld(b->maximum + j * VW) + bc(8);
        some |= outgrown[j];
    }
    if (!any(some)) return;
    vf factor[NV];
    UNROLL for (int j = 0; j < nv; j++) {
        vf old = ld(b->maximum + j * VW);
        vf new = select(outgrown[j], __builtin_elementwise_ceil(largest[j]), old);
        factor[j] = exp2_(old - new);
        st(b->maximum + j * VW, new);
        st(b->total + j * VW, ld(b->total + j * VW) * factor[j]);
    }
    for (int64_t i = 0; i < b->dv; i++) {
        float *row = b->o_panel + i * LANES(nv);
        UNROLL for (int j = 0; j < nv; j++) st(row + j * VW, ld(row + j * VW) * factor[j]);
    }
}

// P = 2^(S − m) in place for `rows` keys at once, stage by stage over all their vectors: the stages of one
// vector wait for each other, those of nine do not (9.5 → 6.9 cycles a vector).
INLINE void powers_of_rows(const int rows, const int nv, float *s, const vf reference[NV], vf p[3 * NV]) {
    vf x[3 * NV], rounded[3 * NV];
#define EACH UNROLL for (int i = 0; i < rows * nv; i++)
    EACH x[i] = vmax(bc(EXP2_LOWEST), ld(s + i * VW) - reference[i % nv]);
    EACH rounded[i] = x[i] + bc(EXP2_ROUND);
    EACH p[i] = rounded[i] - bc(EXP2_ROUND);
    EACH x[i] -= p[i];
    EACH p[i] = fma_(bc(EXP2_C6), x[i], bc(EXP2_C5));
    EACH p[i] = fma_(p[i], x[i], bc(EXP2_C4));
    EACH p[i] = fma_(p[i], x[i], bc(EXP2_C3));
    EACH p[i] = fma_(p[i], x[i], bc(EXP2_C2));
    EACH p[i] = fma_(p[i], x[i], bc(EXP2_C1));
    EACH p[i] = fma_(p[i], x[i], bc(1));
    EACH p[i] *= as_float(as_int(rounded[i]) << 23);
    EACH st(s + i * VW, p[i]);
#undef EACH
}

INLINE void weights_of_rows(const int rows, const int nv, float *s, const vf reference[NV], vf sum[NV]) {
    vf p[3 * NV];
    powers_of_rows(rows, nv, s, reference, p);
    UNROLL for (int i = 0; i < rows * nv; i++) sum[i % nv] += p[i];
}

INLINE void weights(const int nv, float *s, int64_t keys, const float *reference_at, vf sum[NV]) {
    vf reference[NV];
    UNROLL for (int j = 0; j < nv; j++) {
        reference[j] = ld(reference_at + j * VW);
        sum[j] = bc(0);
    }
    int64_t i = 0;
    for (; i + 3 <= keys; i += 3) weights_of_rows(3, nv, s + i * LANES(nv), reference, sum);
    for (; i < keys; i++) weights_of_rows(1, nv, s + i * LANES(nv), reference, sum);
}

// Oᵀ += Vᵀ Pᵀ
INLINE void accumulate(const int nv, const ak_block *b) {
    if (b->dv == 0) return;  // no tile to divide the rows among
    // Tiles of even height, rather than full ones and a thin rest: 80 rows run as 8 × 10, 72 as 8 × 9.
    int64_t tiles = (b->dv + MR - 1) / MR, height = b->dv / tiles, taller = b->dv % tiles, row = 0;
    for (int64_t t = 0; t < tiles; t++) {
        int64_t rows = height + (t < taller);
#define ROWS(mr) tile_columns(mr, nv, b->v + row, b->v_row, b->scores, b->keys, b->o_panel + row * LANES(nv))
        FOR_ROWS(rows, ROWS)
#undef ROWS
        row += rows;
    }
}

// Whether NaN or an infinity stands in some rows: a masked weight of 0 must not meet it.
INLINE int has_nonfinite(const float *x, ptrdiff_t row, int64_t rows, int64_t width) {
    vf sum = bc(0);
    float rest = 0;
    for (int64_t r = 0; r < rows; r++, x += row) {
        int64_t i = 0;
        for (; i + VW <= width; i += VW) sum = fma_(ld(x + i), bc(0), sum);
        for (; i < width; i++) rest += x[i] * 0;
    }
    float total = reduce_add(sum) + rest;
    return total != total;
}

// Oᵀ += Vᵀ Pᵀ where what the mask hides plays no part, whatever the value is. It is the mask that is asked,
// not the weight: a weight may also have underflowed to 0, and then 0 · ∞ must be the same with or without a
// neighbour that has a mask.
INLINE void accumulate_guarded(const int nv, const ak_block *b) {
    const FN(interval) interval = visible_interval(nv, b);
    for (int64_t i = 0; i < b->dv; i++) {
        UNROLL for (int j = 0; j < nv; j++) {
            float *o = b->o_panel + i * LANES(nv) + j * VW;
            vf acc = bc(0);
            for (int64_t key = 0; key < b->keys; key++) {
                vf p = ld(b->scores + key * LANES(nv) + j * VW);
                vi seen = sees(b, &interval, key, j);
                if (b->bias) seen &= ld(b->bias + key * LANES(nv) + j * VW) != bc(-__builtin_inff());
                vf value = select(seen, bc(b->v[key * b->v_row + i]), bc(0));
                acc = fma_(value, p, acc);
            }
            st(o, ld(o) + acc);
        }
    }
}

INLINE void attend(const int nv, const ak_block *b) {
    vf largest[NV], sum[NV];
    score(nv, b, largest);
    move_reference(nv, b, largest);
    weights(nv, b->scores, b->keys, b->maximum, sum);
    UNROLL for (int j = 0; j < nv; j++) st(b->total + j * VW, ld(b->total + j * VW) + sum[j]);
    if (b->dropout) dropout_tile(nv, b->dropout, b->keys, 1, b->scores);
    if (is_masked(b) && has_nonfinite(b->v, b->v_row, b->keys, b->dv)) {
        accumulate_guarded(nv, b);
    } else {
        accumulate(nv, b);
    }
}

// One function for each width of panel, so that the compiler keeps each one's tile in registers.
#define WIDTH(nv)                                                                             \
    NOINLINE void AK_CAT(attend_##nv, ISA)(const ak_block *b) { attend(nv, b); }              \
    NOINLINE void AK_CAT(weights_##nv, ISA)(const ak_block *b) {                              \
        vf ignored[NV];                                                                       \
        score(nv, b, ignored);                                                                \
        weights(nv, b->scores, b->keys, b->log_sum_exp, ignored);                             \
    }
WIDTH(1)
WIDTH(2)
#if NV > 2
WIDTH(3)
#endif
#if NV > 3
WIDTH(4)
#endif
#undef WIDTH

static void FN(attend_block)(const ak_block *b) {
#define CALL(nv) AK_CAT(attend_##nv, ISA)(b)
    FOR_VECTORS(b->vectors, CALL)
#undef CALL
}

static void FN(weights_block)(const ak_block *b) {
#define CALL(nv) AK_CAT(weights_##nv, ISA)(b)
    FOR_VECTORS(b->vectors, CALL)
#undef CALL
}

// Both sides move to the larger of their reference exponents, which are whole numbers: the factors are exact.
static void FN(merge_panel)(const ak_sums *into, const ak_sums *from, int32_t vectors, int64_t dv) {
    const int64_t lanes = (int64_t)vectors * VW;
    for (int64_t lane = 0; lane < lanes; lane += VW) {
        const vf a = ld(into->maximum + lane), b = ld(from->maximum + lane), reference = vmax(a, b);
        const vf keep = exp2_(a - reference), add = exp2_(b - reference);
        st(into->maximum + lane, reference);
        st(into->total + lane, fma_(ld(from->total + lane), add, ld(into->total + lane) * keep));
        for (int64_t i = 0; i < dv; i++) {
            float *o = into->o_panel + i * lanes + lane;
            st(o, fma_(ld(from->o_panel + i * lanes + lane), add, ld(o) * keep));
        }
    }
}

static void FN(finish_panel)(const float *maximum, const float *total, const float *sink, int32_t lanes, float *inverse,
                             float *log_sum_exp) {
    for (int32_t i = 0; i < lanes; i++) {
        float reference = maximum[i], sum = total[i], factor = 1;
        if (sink && sink[i] > -__builtin_inff()) {
            reference = __builtin_fmaxf(maximum[i], __builtin_ceilf(sink[i]));
            factor = __builtin_exp2f(maximum[i] - reference);
            sum = sum * factor + __builtin_exp2f(sink[i] - reference);
        }
        inverse[i] = sum == 0 ? 0 : factor / sum;
        if (log_sum_exp) log_sum_exp[i] = sum == 0 ? -__builtin_inff() : (reference + __builtin_log2f(sum)) * 0x1.62e43p-1f;
    }
}
