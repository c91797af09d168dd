// A few rows of queries against a cache of keys and values: a decoder's step.
//
// The tiled path would leave most lanes empty, and is ten times slower here. Lanes run along the head width
// instead: keys and values stream through the registers once, are converted there, and meet all rows while
// they are at hand. A score is one chain of multiply-adds along the width, then a sum across lanes in a fixed
// order; a weighted sum is one chain for every AK_STRIP keys. So a row's bits depend neither on the other
// rows nor on how memory is laid out.

#if NV > 2
#define DECODE_ACC 16  // accumulators: machines with 32 vector registers
#else
#define DECODE_ACC 8
#endif
enum { FN(strip) = 32 };  // keys of one chain; their values, 16 KiB at width 128, stay in the first-level cache

// MARK: Elements

typedef int8_t FN(v8) __attribute__((ext_vector_type(VW), aligned(1)));

INLINE int element_size(const ak_cache_type type) {
    return type == AK_CACHE_Q8 ? 1 : type == AK_CACHE_F16 || type == AK_CACHE_BF16 ? 2 : 4;
}

// How far ahead of a row to ask for: the rows in 16 KiB, into the second-level cache. The machine's own
// prefetcher does not see four rows read side by side as a stream: one thread read 10 GB/s without, 10 into
// the first-level cache, and 19 so; 8 and 32 KiB are alike.
INLINE ptrdiff_t rows_ahead(const ak_cache_type type, int64_t width, ptrdiff_t stride) {
    const int64_t rows = 16384 / (width * element_size(type) + 1);
    return (rows > 0 ? rows : 1) * stride;
}

INLINE void prefetch(const char *at) { __builtin_prefetch(at, 0, 2); }

// VW elements of a row from `i` on. For AK_ROWS the last vector of a width that is no multiple of VW begins
// at width − VW, where it fits; the caller ignores the elements that it repeats.
INLINE vf cache_load(const ak_cache_type type, const void *row, int64_t i, int64_t width) {
    switch (type) {
    case AK_CACHE_F16: return half_to_float(*(const FN(v16) *)((const uint16_t *)row + i));
    case AK_CACHE_BF16:
        return (vf)(__builtin_convertvector(*(const FN(v16) *)((const uint16_t *)row + i), vu) << 16);
    case AK_CACHE_Q8: {
        vf x = __builtin_convertvector(*(const FN(v8) *)((const int8_t *)row + i), vf);
        return x * bc(((const float *)((const int8_t *)row + width))[i / 32]);
    }
    default: return ld((const float *)row + i);
    }
}

INLINE vf cache_load_tail(const float *row, int64_t width) {
    return width >= VW ? ld(row + width - VW) : load_part(row, 0, width, 0);
}

// Which lanes of the last vector no other has.
INLINE vi tail_lanes(int64_t width) {
    return width >= VW ? iota_int() >= (vi)(int32_t)(VW - width % VW) : iota_int() < (vi)(int32_t)width;
}

// Runs CALL(type) with a type known to the compiler.
#define FOR_TYPES(type, CALL)                                                        \
    switch (type) {                                                                  \
    case AK_ROWS: CALL(AK_ROWS); break;                                              \
    case AK_CACHE_F32: CALL(AK_CACHE_F32); break;                                    \
    case AK_CACHE_F16: CALL(AK_CACHE_F16); break;                                    \
    case AK_CACHE_BF16: CALL(AK_CACHE_BF16); break;                                  \
    case AK_CACHE_Q8: CALL(AK_CACHE_Q8); break;                                      \
    }

static int64_t FN(decode_row_size)(int64_t width) { return (width + VW - 1) / VW * VW; }

static void FN(decode_pack_query)(const float *src, int64_t width, float scale, ak_cache_type type, float *out) {
    int64_t i = 0;
    for (; i + VW <= width; i += VW) st(out + i, ld(src + i) * bc(scale));
    if (type == AK_ROWS) {
        // The last vector begins earlier, and repeats what has been counted.
        if (i < width) st(out + i, select(tail_lanes(width), cache_load_tail(src, width), bc(0)) * bc(scale));
        return;
    }
    for (; i < (width + 15) / 16 * 16; i += VW) st(out + i, (i < width ? load_part(src, i, width, 0) : bc(0)) * bc(scale));
}

// MARK: Scores

// The sums of each of VW vectors' lanes, in order; all sums are associated alike.
INLINE vf reduce_all(vf r[VW]) {
    UNROLL for (int n = VW / 2; n > 0; n /= 2) {
        UNROLL for (int i = 0; i < n; i++) r[i] = AK_LOW(r[i], r[i + n]) + AK_HIGH(r[i], r[i + n]);
    }
    return r[0];
}

// Scores of `rows` × DECODE_ACC / rows keys.
INLINE void score_tile(const ak_cache_type type, const int rows, const char *key, ptrdiff_t stride, int64_t width,
                       const float *query, int64_t query_row, float *scores, int64_t scores_row) {
    enum { ACC = DECODE_ACC };
    const int keys = ACC / rows;
    vf acc[ACC];
    UNROLL for (int i = 0; i < ACC; i++) acc[i] = bc(0);
    // Base pointers three rows apart, as in tile_rows.
    const char *base[(ACC + 2) / 3];
    UNROLL for (int i = 0; i < (keys + 2) / 3; i++) {
        base[i] = key + 3 * i * stride;
        __asm__("" : "+r"(base[i]));
    }
    const ptrdiff_t ahead = rows_ahead(type, width, stride);
    int64_t i = 0;
    for (; i + VW <= width; i += VW) {
        vf q[4];
        UNROLL for (int r = 0; r < rows; r++) q[r] = ld(query + r * query_row + i);
        UNROLL for (int t = 0; t < keys; t++) {
            vf k = cache_load(type, base[t / 3] + (t % 3) * stride, i, width);
            if (i % (64 / element_size(type)) == 0) prefetch(base[t / 3] + (t % 3) * stride + i * element_size(type) + ahead);
            UNROLL for (int r = 0; r < rows; r++) acc[r * keys + t] = fma_(k, q[r], acc[r * keys + t]);
        }
    }
    if (type == AK_ROWS && i < width) {
        const vi own = tail_lanes(width);
        UNROLL for (int t = 0; t < keys; t++) {
            vf k = select(own, cache_load_tail((const float *)(base[t / 3] + (t % 3) * stride), width), bc(0));
            UNROLL for (int r = 0; r < rows; r++) {
                acc[r * keys + t] = fma_(k, ld(query + r * query_row + i), acc[r * keys + t]);
            }
        }
    }
    float sums[ACC];
    UNROLL for (int j = 0; j < ACC; j += VW) st(sums + j, reduce_all(acc + j));
    UNROLL for (int r = 0; r < rows; r++) __builtin_memcpy(scores + r * scores_row, sums + r * keys, keys * sizeof(float));
}

// One score, with the same bits.
INLINE float score_one(const ak_cache_type type, const char *key, int64_t width, const float *query) {
    vf acc[VW];
    UNROLL for (int i = 0; i < VW; i++) acc[i] = bc(0);
    int64_t i = 0;
    for (; i + VW <= width; i += VW) acc[0] = fma_(cache_load(type, key, i, width), ld(query + i), acc[0]);
    if (type == AK_ROWS && i < width) {
        vf k = select(tail_lanes(width), cache_load_tail((const float *)key, width), bc(0));
        acc[0] = fma_(k, ld(query + i), acc[0]);
    }
    return reduce_all(acc)[0];
}

INLINE void scores_of(const ak_cache_type type, const ak_cache_run *k, const float *queries, int64_t rows, float *scores,
                      int64_t scores_row) {
    const int64_t query_row = FN(decode_row_size)(k->width);
    const char *data = k->data;
    scores += k->position;
    // The rows go by in fours, twos and one, each time over as many keys as stay in the first-level cache.
    enum { BLOCK = 16 };
    for (int64_t start = 0; start < k->count; start += BLOCK) {
        const int64_t end = start + BLOCK < k->count ? start + BLOCK : k->count;
        int64_t r = 0;
#define ROWS(n)                                                                                                      \
    for (; r + (n) <= rows; r += (n)) {                                                                              \
        const float *query = queries + r * query_row;                                                                \
        float *out = scores + r * scores_row;                                                                        \
        int64_t i = start;                                                                                           \
        for (; i + DECODE_ACC / (n) <= end; i += DECODE_ACC / (n)) {                                                 \
            score_tile(type, n, data + i * k->stride, k->stride, k->width, query, query_row, out + i, scores_row);   \
        }                                                                                                            \
        for (; i < end; i++) {                                                                                       \
            for (int64_t one = 0; one < (n); one++) {                                                                \
                out[one * scores_row + i] = score_one(type, data + i * k->stride, k->width, query + one * query_row); \
            }                                                                                                        \
        }                                                                                                            \
    }
#if DECODE_ACC == 16
        ROWS(4)
#endif
        ROWS(2)
        ROWS(1)
#undef ROWS
    }
}

#define TYPE(type)                                                                                                   \
    NOINLINE void AK_CAT(decode_scores_##type, ISA)(const ak_cache_run *k, const float *q, int64_t rows, float *s, int64_t s_row) { \
        scores_of(type, k, q, rows, s, s_row);                                                                       \
    }
TYPE(AK_ROWS)
TYPE(AK_CACHE_F32)
TYPE(AK_CACHE_F16)
TYPE(AK_CACHE_BF16)
TYPE(AK_CACHE_Q8)
#undef TYPE

static void FN(decode_scores)(const ak_cache_run *k, const float *queries, int64_t rows, float *scores, int64_t scores_row) {
#define CALL(type) AK_CAT(decode_scores_##type, ISA)(k, queries, rows, scores, scores_row)
    FOR_TYPES(k->type, CALL)
#undef CALL
}

// MARK: Softmax

static void FN(decode_softmax)(ak_decode_row *row) {
    const int32_t begin = row->begin / VW * VW;
    const vi first = (vi)(row->first), last = (vi)(row->last);
    vf largest = bc(-__builtin_inff());
    for (int32_t key = begin; key < row->end; key += VW) {
        const vi position = iota_int() + (vi)key;
        vf s = ld(row->scores + key);
        if (row->key_scale) s *= ld(row->key_scale + key);
        if (row->softcap > 0) s = bc(row->softcap) * tanh_(s);
        if (row->slope != 0) s = fma_(vabs(bc(row->distance - (float)key) - iota()), bc(-row->slope), s);
        if (row->bias) {
            vf bias = load_part(row->bias, key, row->end, 0) * bc(LOG2_E);
            s = select(bias == bc(-__builtin_inff()), bias, s + bias);  // a masked NaN must not leak
        }
        s = select((position >= first) & (position < last), s, bc(-__builtin_inff()));
        st(row->scores + key, s);
        largest = vmax(s, largest);
    }
    float most = -0x1.fffffep127f;  // finite: −∞ − (−∞) is not a number
    for (int i = 0; i < VW; i++) most = largest[i] > most ? __builtin_ceilf(largest[i]) : most;
    vf sum = bc(0);
    for (int32_t key = begin; key < row->end; key += VW) {
        vf p = exp2_(ld(row->scores + key) - bc(most));
        st(row->scores + key, p);
        sum += p;
    }
    row->maximum = most;
    row->total = reduce_add(sum);
}

// MARK: Weighted sums

// sums[r][VW·j …] += Σ weight · value, for the `count` keys of a strip.
INLINE void value_tile(const ak_cache_type type, const int rows, const int nv, const char *value, ptrdiff_t stride,
                       int64_t width, int64_t column, const float *weights, int64_t weights_row, int64_t count, float *sums,
                       int64_t sums_row) {
    const ptrdiff_t ahead = rows_ahead(type, width, stride);
    vf acc[4][8];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int j = 0; j < nv; j++) acc[r][j] = bc(0);
    for (int64_t key = 0; key < count; key++, value += stride) {
        UNROLL for (int j = 0; j < nv; j++) {
            vf v = cache_load(type, value, column + j * VW, width);
            if (j * VW % (64 / element_size(type)) == 0) prefetch(value + (column + j * VW) * element_size(type) + ahead);
            UNROLL for (int r = 0; r < rows; r++) acc[r][j] = fma_(v, bc(weights[r * weights_row + key]), acc[r][j]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int j = 0; j < nv; j++) {
            float *at = sums + r * sums_row + column + j * VW;
            st(at, ld(at) + acc[r][j]);
        }
    }
}

INLINE void value_tail(const int rows, const char *value, ptrdiff_t stride, int64_t width, const float *weights,
                       int64_t weights_row, int64_t count, float *sums, int64_t sums_row) {
    vf acc[4];
    UNROLL for (int r = 0; r < rows; r++) acc[r] = bc(0);
    for (int64_t key = 0; key < count; key++, value += stride) {
        vf v = cache_load_tail((const float *)value, width);
        UNROLL for (int r = 0; r < rows; r++) acc[r] = fma_(v, bc(weights[r * weights_row + key]), acc[r]);
    }
    UNROLL for (int r = 0; r < rows; r++) {
        float *at = sums + r * sums_row + width / VW * VW;
        st(at, ld(at) + acc[r]);
    }
}

INLINE void value_strip(const ak_cache_type type, const char *data, ptrdiff_t stride, int64_t width, const float *weights,
                        int64_t rows, int64_t weights_row, int64_t count, float *sums, int64_t sums_row) {
    int64_t r = 0;
#define ROWS(n, most)                                                                                                \
    for (; r + (n) <= rows; r += (n)) {                                                                              \
        const float *w = weights + r * weights_row;                                                                  \
        float *out = sums + r * sums_row;                                                                            \
        int64_t i = 0;                                                                                               \
        for (; i + (most) * VW <= width; i += (most) * VW) {                                                         \
            value_tile(type, n, most, data, stride, width, i, w, weights_row, count, out, sums_row);                 \
        }                                                                                                            \
        for (; i + VW <= width; i += VW) value_tile(type, n, 1, data, stride, width, i, w, weights_row, count, out, sums_row); \
        if (type == AK_ROWS && i < width) value_tail(n, data, stride, width, w, weights_row, count, out, sums_row);  \
    }
#if DECODE_ACC == 16
    ROWS(4, 4)
    ROWS(2, 8)
#else
    ROWS(2, 4)
#endif
    ROWS(1, 8)
#undef ROWS
}

INLINE void values_of(const ak_cache_type type, const ak_cache_run *v, const float *weights, int64_t rows,
                      int64_t weights_row, float *sums) {
    const int64_t sums_row = FN(decode_row_size)(v->width);
    for (int64_t i = 0, next; i < v->count; i = next) {
        // Strips begin at whole multiples in the chunk, wherever the run begins.
        next = (v->position + i) / FN(strip) * FN(strip) + FN(strip) - v->position;
        if (next > v->count) next = v->count;
        value_strip(type, (const char *)v->data + i * v->stride, v->stride, v->width, weights + v->position + i, rows,
                    weights_row, next - i, sums, sums_row);
    }
}

#define TYPE(type)                                                                                                   \
    NOINLINE void AK_CAT(decode_values_##type, ISA)(const ak_cache_run *v, const float *w, int64_t rows, int64_t w_row, float *sums) { \
        values_of(type, v, w, rows, w_row, sums);                                                                    \
    }
TYPE(AK_ROWS)
TYPE(AK_CACHE_F32)
TYPE(AK_CACHE_F16)
TYPE(AK_CACHE_BF16)
TYPE(AK_CACHE_Q8)
#undef TYPE

static void FN(decode_values)(const ak_cache_run *v, const float *weights, int64_t rows, int64_t weights_row, float *sums) {
#define CALL(type) AK_CAT(decode_values_##type, ISA)(v, weights, rows, weights_row, sums)
    FOR_TYPES(v->type, CALL)
#undef CALL
}

INLINE int is_hidden(const ak_decode_row *row, int32_t key) {
    return key < row->first || key >= row->last || (row->bias && row->bias[key] * LOG2_E == -__builtin_inff());
}

// It is the mask that is asked, not the weight: see accumulate_guarded. Rare, so plain.
static void FN(decode_guarded_values)(const ak_cache_run *v, const ak_decode_row *row, float *sums) {
    for (int32_t i = 0, next; i < v->count; i = next) {
        next = (v->position + i) / FN(strip) * FN(strip) + FN(strip) - v->position;
        if (next > v->count) next = v->count;
        for (int64_t column = 0; column < v->width; column += VW) {
            vf acc = bc(0);
            for (int32_t key = i; key < next; key++) {
                if (is_hidden(row, v->position + key)) continue;
                const char *value = (const char *)v->data + key * v->stride;
                vf x;
#define CALL(type) x = cache_load(type, value, column, v->width)
                if (column + VW > v->width) {
                    x = cache_load_tail((const float *)value, v->width);
                } else {
                    FOR_TYPES(v->type, CALL)
                }
#undef CALL
                acc = fma_(x, bc(row->scores[v->position + key]), acc);
            }
            st(sums + column, ld(sums + column) + acc);
        }
    }
}

static int32_t FN(decode_has_nonfinite)(const ak_cache_run *v) {
    vf sum = bc(0);
    for (int64_t key = 0; key < v->count; key++) {
        const char *row = (const char *)v->data + key * v->stride;
        int64_t i = 0;
#define CALL(type) for (; i + VW <= v->width; i += VW) sum = fma_(cache_load(type, row, i, v->width), bc(0), sum)
        FOR_TYPES(v->type, CALL)
#undef CALL
        if (i < v->width) sum = fma_(cache_load_tail((const float *)row, v->width), bc(0), sum);
    }
    const float total = reduce_add(sum);
    return total != total;
}

static void FN(decode_merge)(const float *sums, ptrdiff_t sums_stride, float *maximum, const float *total, int64_t chunks,
                             float sink, ak_cache_type type, int64_t width, float *out, float *log_sum_exp) {
    float most = sink > -0x1.fffffep127f ? __builtin_ceilf(sink) : -0x1.fffffep127f;
    for (int64_t c = 0; c < chunks; c++) most = maximum[c] > most ? maximum[c] : most;
    float sum = exp2_(bc(sink - most))[0];
    for (int64_t c = 0; c < chunks; c++) {
        maximum[c] = exp2_(bc(maximum[c] - most))[0];
        sum += total[c] * maximum[c];
    }
    const float inverse = sum == 0 ? 0 : 1 / sum;
    for (int64_t i = 0; i < width; i += VW) {
        vf acc = bc(0);
        for (int64_t c = 0; c < chunks; c++) acc = fma_(ld(sums + c * sums_stride + i), bc(maximum[c]), acc);
        acc *= bc(inverse);
        // A tensor's last vector of sums repeats some of the one before, with the same bits.
        if (type == AK_ROWS && i + VW > width && width >= VW) st(out + width - VW, acc);
        else store_part(out, i, width, acc);
    }
    if (log_sum_exp) *log_sum_exp = sum == 0 ? -__builtin_inff() : (most + __builtin_log2f(sum)) * 0x1.62e43p-1f;
}

static void FN(decode_inverse_norms)(const ak_cache_run *k, float *out) {
    if (k->type == AK_ROWS) {
        FN(inverse_norms)(k->data, k->stride / (ptrdiff_t)sizeof(float), k->count, k->width, out + k->position);
        return;
    }
    for (int64_t key = 0; key < k->count; key++) {
        const char *row = (const char *)k->data + key * k->stride;
        vf squares = bc(0), x;
#define CALL(type)                                                                                                   \
    for (int64_t i = 0; i < k->width; i += VW) {                                                                     \
        x = cache_load(type, row, i, k->width);                                                                      \
        squares = fma_(x, x, squares);                                                                               \
    }
        FOR_TYPES(k->type, CALL)
#undef CALL
        const float norm = reduce_add(squares);
        if (!(norm > 1e-30f && norm < 1e30f)) {
            // Very long and very short vectors, as in inverse_norms.
            double sum = 0;
#define CALL(type)                                                                                                   \
    for (int64_t i = 0; i < k->width; i += VW) {                                                                     \
        x = cache_load(type, row, i, k->width);                                                                      \
        for (int lane = 0; lane < VW; lane++) sum += (double)x[lane] * x[lane];                                      \
    }
            FOR_TYPES(k->type, CALL)
#undef CALL
            const double inverse = 1 / __builtin_sqrt(sum);
            out[k->position + key] = sum == 0 ? 0 : inverse > 0x1.fffffep127 ? 0x1.fffffep127f : (float)inverse;
            continue;
        }
        out[k->position + key] = 1 / __builtin_sqrtf(norm);
    }
}

// MARK: Writing and reading a cache

INLINE vi is_finite(vf x) { return vabs(x) <= bc(0x1.fffffep127f); }

// Round to nearest, ties to even. What is finite stays finite: beyond the largest half it is the largest
// half.
INLINE FN(v16) half_of(vf x) {
    x = select(is_finite(x) & (vabs(x) > bc(65504)), __builtin_elementwise_copysign(bc(65504), x), x);
#if HAVE_HALF
    typedef _Float16 half __attribute__((ext_vector_type(VW)));
    return (FN(v16))__builtin_convertvector(x, half);
#else
    const vu bits = (vu)x, sign = bits & 0x80000000, rest = bits ^ sign;
    const vu normal = (rest - (112u << 23) + 0xfff + ((rest >> 13) & 1)) >> 13;
    const vu small = (vu)((vf)rest + bc(0.5f)) - 0x3f000000;  // the sum rounds to multiples of 2⁻²⁴
    const vu special = (vu)(x != x ? (vi)0x7e00 : (vi)0x7c00);
    const vu value = rest >= 0x7f800000 ? special : rest < 0x38800000 ? small : normal;
    return __builtin_convertvector(value | sign >> 16, FN(v16));
#endif
}

INLINE FN(v16) bfloat_of(vf x) {
    const vu bits = (vu)x;
    vu rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const vi overflown = is_finite(x) & ((rounded & 0x7fff) == 0x7f80);
    rounded = overflown ? rounded - 1 : rounded;
    rounded = x != x ? (vu)0x7fc0 : rounded;
    return __builtin_convertvector(rounded, FN(v16));
}

// Up to 32 numbers as the nearest multiples of a 127th of the largest; a number that is not finite makes the
// whole block not a number, so that it cannot be lost.
INLINE void write_q8_block(const float *src, int64_t count, int64_t padded, int8_t *out, float *factor) {
    enum { MOST = 32 / VW };
    vf x[MOST], largest = bc(0), nothing = bc(0);
    UNROLL for (int j = 0; j < MOST; j++) {
        x[j] = j * VW < count ? load_part(src, j * VW, count, 0) : bc(0);
        largest = vmax(vabs(x[j]), largest);
        nothing = fma_(x[j], bc(0), nothing);
    }
    float most = 0;
    for (int lane = 0; lane < VW; lane++) most = largest[lane] > most ? largest[lane] : most;
    const float sum = reduce_add(nothing), inverse = most > 1e-36f ? 127 / most : 0;
    *factor = sum != sum ? __builtin_nanf("") : inverse > 0 ? most / 127 : 0;
    UNROLL for (int j = 0; j < MOST; j++) {
        if (j * VW >= padded) break;
        const vf rounded = select(is_finite(x[j]), x[j], bc(0)) * bc(inverse) + bc(12582912);
        const vi whole = as_int(rounded) - as_int(bc(12582912));
        *(FN(v8) *)(out + j * VW) = __builtin_convertvector(whole, FN(v8));
    }
}

static void FN(decode_write_rows)(const float *src, ptrdiff_t src_row, int64_t width, const ak_cache_run *run) {
    for (int64_t r = 0; r < run->count; r++, src += src_row) {
        char *row = (char *)run->data + r * run->stride;
        if (run->type == AK_CACHE_Q8) {
            float *factors = (float *)(row + run->width);
            for (int64_t i = 0; i < run->width; i += 32) {
                write_q8_block(src + i, i < width ? (width - i < 32 ? width - i : 32) : 0, run->width - i, (int8_t *)row + i,
                               factors + i / 32);
            }
            continue;
        }
        for (int64_t i = 0; i < run->width; i += VW) {
            const vf x = i < width ? load_part(src, i, width, 0) : bc(0);
            switch (run->type) {
            case AK_CACHE_F16: *(FN(v16) *)((uint16_t *)row + i) = half_of(x); break;
            case AK_CACHE_BF16: *(FN(v16) *)((uint16_t *)row + i) = bfloat_of(x); break;
            default: st((float *)row + i, x); break;
            }
        }
    }
}

static void FN(decode_read_rows)(const ak_cache_run *run, int64_t width, float *out, ptrdiff_t out_row) {
    for (int64_t r = 0; r < run->count; r++, out += out_row) {
        const char *row = (const char *)run->data + r * run->stride;
#define CALL(type) for (int64_t i = 0; i < width; i += VW) store_part(out, i, width, cache_load(type, row, i, run->width))
        FOR_TYPES(run->type, CALL)
#undef CALL
    }
}

#define DECODE_KERNELS                                     \
    {                                                      \
        .row_size = FN(decode_row_size),                   \
        .pack_query = FN(decode_pack_query),               \
        .scores = FN(decode_scores),                       \
        .inverse_norms = FN(decode_inverse_norms),         \
        .softmax = FN(decode_softmax),                     \
        .values = FN(decode_values),                       \
        .guarded_values = FN(decode_guarded_values),       \
        .has_nonfinite = FN(decode_has_nonfinite),         \
        .merge = FN(decode_merge),                         \
        .write_rows = FN(decode_write_rows),               \
        .read_rows = FN(decode_read_rows),                 \
    }
