// Products with weights in blocks of integers that share scales (GGUF's types; see ak_blocks.h for the
// layout).
//
// A group of VW outputs is interleaved by fours: a vector holds four neighbouring weights of each output, is
// multiplied by the same four activations, and every lane adds up its four products. The activations are
// rounded to 8 bits, 32 to a scale; products and sums are exact integers, so what happens inside a block is
// the same on every instruction set. Across blocks each output is one chain of multiply-adds: integers by
// scale, then minimum by the sum of the activations.
//
// One or two rows read the weights as they are stored, in the fewest bytes. For more rows two groups are
// unpacked into bytes and float32 scales, which stay in the second-level cache while all rows pass by: one
// tile serves all types, at the speed of q8_0. The numbers are the same, and so are the bits.
//
// How four products are added up differs, and each way is exact:
//   avx512vnni  u8 · s8 → i32 in one instruction. q8_0 weights are stored with 128 added, other types' are 0
//   … 63;
//               the sum begins at −bias · Σx.
//   avx512, avx2  u8 · s8 → i16 in pairs, then i32. The pairs saturate: q8_0 multiplies |w| by x with w's
//   sign, at
//               most 2·128·127 < 2¹⁵; 4 bits and fewer add up 32 numbers in 16 bits, at most 16·15·127 < 2¹⁵.
//   others      s8 · s8 → i16, then i32; one instruction on Arm where it has the dot product.
//
// The instructions are written as assembly: compilers have changed the types of their builtins, and the
// header of the intrinsics brings the C library with it.

typedef int8_t vb __attribute__((ext_vector_type(4 * VW)));
typedef int8_t vb_unaligned __attribute__((ext_vector_type(4 * VW), aligned(1)));
typedef int16_t vs __attribute__((ext_vector_type(2 * VW)));

// How far ahead one or two rows ask for weights, into the second-level cache: a quarter faster than into the
// first, on two cores of Zen 4 (q8_0 32 GB/s instead of 28, q4_0 30 instead of 25); 2, 8 and 16 KiB are alike
// or a little slower.
#define BLOCK_AHEAD 4096
#define LAYOUT(format) ak_layout_of(format)

// Whether all integers have at most 4 bits.
INLINE int is_small(const int format) {
    const ak_block_layout layout = LAYOUT(format);
    return format >= AK_WIDE ? format >= AK_WIDE_4 : !layout.eights && (layout.fours ? !layout.twos && !layout.ones : 1);
}

// `sum` of a block is a vector of 32-bit integers, except that small weights are added up in 16 bits by
// `maddubs`.
#if HAVE_VNNI

INLINE vi add_fours(const int format, vi sum, vb w, vb x) {
    (void)format;
    __asm__("vpdpbusd %2, %1, %0" : "+" VECTOR_REGISTER(sum) : VECTOR_REGISTER(w), VECTOR_REGISTER(x));
    return sum;
}
INLINE vi block_sum(const int format, vi sum, int32_t start) {
    (void)format, (void)start;
    return sum;
}

#elif HAVE_MADDUBS

INLINE vs add_pairs(vb w, vb x) {
    vs r;
    __asm__("vpmaddubsw %2, %1, %0" : "=" VECTOR_REGISTER(r) : VECTOR_REGISTER(w), VECTOR_REGISTER(x));
    return r;
}
INLINE vi widen_pairs(vs x) {
    const vs ones = (vs)(int16_t)1;
    vi r;
    __asm__("vpmaddwd %2, %1, %0" : "=" VECTOR_REGISTER(r) : VECTOR_REGISTER(x), VECTOR_REGISTER(ones));
    return r;
}
INLINE vi add_fours(const int format, vi sum, vb w, vb x) {
    if (is_small(format)) return (vi)((vs)sum + add_pairs(w, x));
    if (format != AK_Q8_0) return sum + widen_pairs(add_pairs(w, x));
    const vb negative = (vb)(w < 0);
    return sum + widen_pairs(add_pairs(__builtin_elementwise_abs(w), (x ^ negative) - negative));
}
INLINE vi block_sum(const int format, vi sum, int32_t start) {
    return (is_small(format) ? widen_pairs((vs)sum) : sum) + (vi)start;
}

#else

INLINE vi add_fours(const int format, vi sum, vb w, vb x) {
    (void)format;
#if defined(__ARM_FEATURE_DOTPROD)
    __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(w), "w"(x));
    return sum;
#else
    typedef int16_t products __attribute__((ext_vector_type(4 * VW)));
    const products p = __builtin_convertvector(w, products) * __builtin_convertvector(x, products);
    const vs even = __builtin_shufflevector(p, p, 0, 2, 4, 6, 8, 10, 12, 14);
    const vs odd = __builtin_shufflevector(p, p, 1, 3, 5, 7, 9, 11, 13, 15);
    typedef int32_t pairs __attribute__((ext_vector_type(2 * VW)));
    const pairs q = __builtin_convertvector(even, pairs) + __builtin_convertvector(odd, pairs);
    return sum + __builtin_shufflevector(q, q, 0, 2, 4, 6) + __builtin_shufflevector(q, q, 1, 3, 5, 7);
#endif
}
INLINE vi block_sum(const int format, vi sum, int32_t start) {
    (void)format, (void)start;
    return sum;
}

#endif

#define EIGHTS_BIAS (HAVE_VNNI ? 128 : 0)

// The start of a sum of integers. `maddubs` adds it at the end, in 32 bits.
INLINE int32_t start_of(const int format, int32_t x_sum) {
    return LAYOUT(format).minima || (format == AK_Q8_0 && !EIGHTS_BIAS) ? 0 : x_sum;
}

// The four activations at `x` in every lane.
INLINE vb four(const int8_t *x) {
    int32_t bits;
    __builtin_memcpy(&bits, x, 4);
    return (vb)(vi)bits;
}

// Quad `p` of a block. Shifts are of 16 bits, and what comes from the neighbouring byte is masked away.
INLINE vb quad_of(const int format, const uint8_t *block, const int p) {
    const ak_block_layout layout = LAYOUT(format);
    const vb_unaligned *plane = (const vb_unaligned *)block;
    if (layout.eights) return plane[p];
    vb quad = (vb)0;
    int above = 0;
    if (layout.fours) {
        quad = (p < 4 ? plane[p % 4] : (vb)((vs)plane[p % 4] >> 4)) & 15;
        plane += 4;
        above = 4;
    }
    if (layout.twos) {
        const vs pairs = (vs)plane[p / 4];
        const int left = above - p % 4 * 2;
        quad |= (vb)(left > 0 ? pairs << left : pairs >> -left) & (int8_t)(3 << above);
        plane += 2;
        above += 2;
    }
    if (layout.ones) {
        const vs bits = (vs)plane[0];
        const int left = above - p;
        quad |= (vb)(left > 0 ? bits << left : bits >> -left) & (int8_t)(1 << above);
    }
    return quad;
}

typedef struct {
    vf scale, minimum;
} block_scale;

// Those of part `part` of block `b`, from the scales of a group.
INLINE block_scale scale_of(const int format, const uint8_t *scales, int64_t b, const int part) {
    typedef uint8_t bytes __attribute__((ext_vector_type(VW), aligned(1)));
    typedef int8_t signed_bytes __attribute__((ext_vector_type(VW), aligned(1)));
    const ak_block_layout layout = LAYOUT(format);
    const int halves = layout.minima ? 2 : 1;
    block_scale r = {.minimum = bc(0)};
    if (format >= AK_WIDE) {
        const float *at = (const float *)scales + (b * layout.parts + part) * halves * VW;
        r.scale = ld(at);
        if (layout.minima) r.minimum = ld(at + VW);
        return r;
    }
    const int64_t inner = layout.length / 32;
    const uint8_t *at = scales + b / inner * layout.scale_bytes * VW;
    r.scale = half_to_float((FN(v16))*(const vh *)at);
    if (layout.minima) r.minimum = half_to_float((FN(v16))*(const vh *)(at + 2 * VW));
    if (layout.length > 32) {
        at += (2 * halves + (b % inner * layout.parts + part) * halves) * VW;
        r.scale *= layout.is_signed ? __builtin_convertvector(*(const signed_bytes *)at, vf)
                                    : __builtin_convertvector(*(const bytes *)at, vf);
        if (layout.minima) r.minimum *= -__builtin_convertvector(*(const bytes *)(at + VW), vf);
    }
    return r;
}

// The bytes of a group's block, and of all its scales.
INLINE int64_t block_bytes(const int format) { return LAYOUT(format).number_bytes * VW; }
INLINE int64_t scales_bytes(const int format, int64_t blocks) {
    return blocks * 32 / LAYOUT(format).length * LAYOUT(format).scale_bytes * VW;
}

// Weights that are read soon: each block of a tile fetches `step` bytes of them, in whole lines.
typedef struct {
    const uint8_t *at;
    int64_t step;
} weights_ahead;

// The weights of the next groups, as they lie in the file.
typedef struct {
    const uint8_t *begin, *end;
} next_weights;

// `mr` rows by `ng` groups, whose integers and scales stand at `w` and `scales`.
INLINE void block_tile(const int format, const int mr, const int ng, const ak_block_product *p, const uint8_t *w,
                       const uint8_t *scales, int64_t row, int64_t group, const weights_ahead ahead) {
    const int parts = LAYOUT(format).parts;
    vf sum[BLOCK_ROWS][BLOCK_GROUPS];
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int g = 0; g < ng; g++) sum[i][g] = bc(0);
    const int64_t blocks = p->blocks;
    for (int64_t b = 0; b < blocks; b++) {
        const int8_t *x = p->x + (row * blocks + b) * 32;
        if (format < AK_WIDE && mr <= STREAMED_ROWS) {
            UNROLL for (int g = 0; g < ng; g++) {
                UNROLL for (int line = 0; line < block_bytes(format); line += 64) {
                    __builtin_prefetch(w + (g * blocks + b) * block_bytes(format) + BLOCK_AHEAD + line, 0, 2);
                }
            }
        }
        for (int64_t line = 0; line < ahead.step; line += 64) __builtin_prefetch(ahead.at + b * ahead.step + line, 0, 2);
        UNROLL for (int part = 0; part < parts; part++) {
            vi whole[BLOCK_ROWS][BLOCK_GROUPS];
            UNROLL for (int i = 0; i < mr; i++) {
                const int32_t x_sum = p->x_sum[((row + i) * blocks + b) * parts + part];
                UNROLL for (int g = 0; g < ng; g++) whole[i][g] = (vi)(HAVE_MADDUBS ? 0 : start_of(format, x_sum));
            }
            UNROLL for (int q = 8 / parts * part; q < 8 / parts * (part + 1); q++) {
                UNROLL for (int g = 0; g < ng; g++) {
                    const vb quad = quad_of(format, w + (g * blocks + b) * block_bytes(format), q);
                    UNROLL for (int i = 0; i < mr; i++) {
                        whole[i][g] = add_fours(format, whole[i][g], quad, four(x + i * blocks * 32 + 4 * q));
                    }
                }
            }
            UNROLL for (int g = 0; g < ng; g++) {
                const block_scale s = scale_of(format, scales + g * scales_bytes(format, blocks), b, part);
                UNROLL for (int i = 0; i < mr; i++) {
                    const int64_t at = (row + i) * blocks + b;
                    const int32_t x_sum = p->x_sum[at * parts + part];
                    const vi n = block_sum(format, whole[i][g], start_of(format, x_sum));
                    sum[i][g] = fma_(__builtin_convertvector(n, vf), s.scale * bc(p->x_scale[at]), sum[i][g]);
                    if (LAYOUT(format).minima) sum[i][g] = fma_(s.minimum, as_float((vi)x_sum), sum[i][g]);
                }
            }
        }
    }
    UNROLL for (int g = 0; g < ng; g++) {
        const int64_t output = (group + g) * VW;
        const vf bias = p->bias ? load_part(p->bias, output, p->n, 0) : bc(0);
        UNROLL for (int i = 0; i < mr; i++) {
            store_part(p->y + (row + i) * p->y_row, output, p->n, p->bias ? sum[i][g] + bias : sum[i][g]);
        }
    }
}

// Many rows pass by a few groups, which stay in the second-level cache. Meanwhile the next ones come there, a
// part with each tile: for 32 rows, which have six tiles, waiting for memory would take a third of the time.
INLINE void block_rows(const int format, const int ng, const ak_block_product *p, const uint8_t *w,
                       const uint8_t *scales, int64_t group, const next_weights next) {
    int64_t tiles = (p->m + BLOCK_ROWS - 1) / BLOCK_ROWS;
    const int64_t lines = (next.end - next.begin + 64 * tiles * p->blocks - 1) / (64 * tiles * p->blocks);
    weights_ahead ahead = {next.begin, 64 * lines};
    for (int64_t row = 0; row < p->m; tiles--) {
        const int64_t rows = (p->m - row + tiles - 1) / tiles;
        if (ahead.at >= next.end) ahead.step = 0;
        switch (rows) {
        case 2: block_tile(format, 2, ng, p, w, scales, row, group, ahead); break;
        case 3: block_tile(format, 3, ng, p, w, scales, row, group, ahead); break;
#if BLOCK_ROWS > 3
        case 4: block_tile(format, 4, ng, p, w, scales, row, group, ahead); break;
        case 5: block_tile(format, 5, ng, p, w, scales, row, group, ahead); break;
        case 6: block_tile(format, 6, ng, p, w, scales, row, group, ahead); break;
#endif
        default: break;
        }
        ahead.at += ahead.step * p->blocks;
        row += rows;
    }
}

// Integers in bytes and scales in float32, of `ng` groups.
INLINE void widen(const int format, const int ng, const ak_block_product *p, const uint8_t *w, const uint8_t *scales,
                  uint8_t *wide, float *wide_scales) {
    for (int64_t b = 0; b < ng * p->blocks; b++, wide += 32 * VW) {
        UNROLL for (int q = 0; q < 8; q++) {
            *(vb *)(wide + q * 4 * VW) = quad_of(format, w + b * block_bytes(format), q);
        }
    }
    for (int g = 0; g < ng; g++, scales += scales_bytes(format, p->blocks)) {
        for (int64_t b = 0; b < p->blocks; b++) {
            UNROLL for (int part = 0; part < LAYOUT(format).parts; part++) {
                const block_scale s = scale_of(format, scales, b, part);
                st(wide_scales, s.scale);
                wide_scales += VW;
                if (!LAYOUT(format).minima) continue;
                st(wide_scales, s.minimum);
                wide_scales += VW;
            }
        }
    }
}

INLINE int wide_format(const int format) {
    const ak_block_layout layout = LAYOUT(format);
    const int small = HAVE_MADDUBS && is_small(format);
    if (layout.parts > 1) return layout.minima ? AK_WIDE_PARTS_MINIMA : small ? AK_WIDE_4_PARTS : AK_WIDE_PARTS;
    if (layout.minima) return small ? AK_WIDE_4_MINIMA : AK_WIDE_MINIMA;
    return small ? AK_WIDE_4 : AK_WIDE;
}

NOINLINE void FN(wide_rows)(const int format, const int ng, const ak_block_product *p, const uint8_t *w,
                            const uint8_t *scales, int64_t group, const next_weights next) {
#define CASE(name)                                                                    \
    case name:                                                                        \
        if (ng == BLOCK_GROUPS) block_rows(name, BLOCK_GROUPS, p, w, scales, group, next);  \
        else block_rows(name, 1, p, w, scales, group, next);                                \
        return
    switch (format) {
        CASE(AK_Q8_0);
        CASE(AK_WIDE);
        CASE(AK_WIDE_MINIMA);
        CASE(AK_WIDE_PARTS);
        CASE(AK_WIDE_PARTS_MINIMA);
#if HAVE_MADDUBS
        CASE(AK_WIDE_4);
        CASE(AK_WIDE_4_MINIMA);
        CASE(AK_WIDE_4_PARTS);
#endif
    default: return;
    }
#undef CASE
}

INLINE void block_groups(const int format, const int ng, const ak_block_product *p, int64_t group) {
    const uint8_t *w = p->w + group * p->blocks * block_bytes(format);
    const uint8_t *scales = p->w_scale + group * scales_bytes(format, p->blocks);
    const weights_ahead none = {w, 0};
    // The numbers of as many groups behind these, as far as the product has them.
    const int64_t bytes = p->blocks * block_bytes(format), groups = (p->n + VW - 1) / VW - group - ng;
    const uint8_t *behind = w + ng * bytes;
    const next_weights next = {behind, behind + (groups < ng ? groups : ng) * bytes};
    if (p->m == 1) block_tile(format, 1, ng, p, w, scales, 0, group, none);
    else if (p->m == 2) block_tile(format, 2, ng, p, w, scales, 0, group, none);
    else if (format == AK_Q8_0) FN(wide_rows)(AK_Q8_0, ng, p, w, scales, group, next);
    else {
        float *wide_scales = (float *)(void *)(p->scratch + BLOCK_GROUPS * p->blocks * 32 * VW);
        widen(format, ng, p, w, scales, p->scratch, wide_scales);
        FN(wide_rows)(wide_format(format), ng, p, p->scratch, (const uint8_t *)wide_scales, group, next);
    }
}

NOINLINE void FN(sum_blocks)(const ak_block_product *p) {
    const int64_t groups = (p->n + VW - 1) / VW, pairs = groups / BLOCK_GROUPS * BLOCK_GROUPS;
#define CASE(name)                                                                                    \
    case name:                                                                                        \
        for (int64_t g = 0; g < pairs; g += BLOCK_GROUPS) block_groups(name, BLOCK_GROUPS, p, g);     \
        if (BLOCK_GROUPS > 1) for (int64_t g = pairs; g < groups; g++) block_groups(name, 1, p, g);   \
        return
    switch (p->format) {
        CASE(AK_Q8_0);
        CASE(AK_Q4_0);
        CASE(AK_Q4_1);
        CASE(AK_Q5_0);
        CASE(AK_Q5_1);
        CASE(AK_Q2_K);
        CASE(AK_Q3_K);
        CASE(AK_Q4_K);
        CASE(AK_Q5_K);
        CASE(AK_Q6_K);
    default: return;
    }
#undef CASE
}

static void FN(multiply_blocks)(const ak_block_product *p) {
    FN(sum_blocks)(p);
    if (p->activation == AK_IDENTITY) return;
    for (int64_t row = 0; row < p->m; row++) {
        float *y = p->y + row * p->y_row;
        FN(activate)(y, p->n, (ak_activation)p->activation, y);
    }
}

static int64_t FN(block_scratch_bytes)(int64_t m, int64_t blocks) {
    return m <= STREAMED_ROWS ? 0 : BLOCK_GROUPS * blocks * VW * (32 + 4 * (int64_t)sizeof(float));
}

static void FN(quantize_rows)(const float *x, ptrdiff_t x_row, int64_t rows, int64_t blocks, int32_t format, int8_t *q,
                              float *scale, int32_t *sum) {
    typedef int8_t bytes __attribute__((ext_vector_type(VW), aligned(1)));
    const ak_block_layout layout = LAYOUT(format);
    const int32_t bias = format == AK_Q8_0 ? EIGHTS_BIAS : layout.bias;
    for (int64_t row = 0; row < rows; row++, x += x_row) {
        for (int64_t b = 0; b < blocks; b++, q += 32, scale++, sum += layout.parts) {
            // By their bits, the absolute values of floats stand in their own order, and what is not finite
            // above all.
            vi largest = (vi)0;
            UNROLL for (int i = 0; i < 32; i += VW) {
                largest = __builtin_elementwise_max(largest, as_int(vabs(ld(x + b * 32 + i))));
            }
            const int32_t bits = __builtin_reduce_max(largest);
            float most;
            __builtin_memcpy(&most, &bits, sizeof most);
            const int tiny = most <= 0x1p-100f;  // 127 / most would overflow; the block is 0
            const float factor = tiny ? 0 : 127 / most;
            *scale = tiny ? 0 : bits < 0x7F800000 ? most / 127 : __builtin_nanf("");
            vi total[2] = {(vi)0, (vi)0};
            UNROLL for (int i = 0; i < 32; i += VW) {
                // Adding 1.5·2²³ rounds to a whole number and leaves it in the low bits.
                const vi n = as_int(ld(x + b * 32 + i) * bc(factor) + bc(12582912.f)) << 24 >> 24;
                total[i / 16] += n;
                *(bytes *)(q + i) = __builtin_convertvector(n, bytes);
            }
            int32_t totals[2] = {0, 0};
            if (layout.parts == 1) {
                totals[0] = __builtin_reduce_add(total[0] + total[1]);
            } else {
                for (int part = 0; part < 2; part++) totals[part] = __builtin_reduce_add(total[part]);
            }
            for (int part = 0; part < layout.parts; part++) {
                const float scaled = *scale * (float)totals[part];
                if (layout.minima) __builtin_memcpy(sum + part, &scaled, 4);
                else sum[part] = -bias * totals[part];
            }
        }
    }
}

const ak_block_kernels FN(ak_block_kernels) = {
    .eights_bias = EIGHTS_BIAS,
    .quantize_rows = FN(quantize_rows),
    .scratch_bytes = FN(block_scratch_bytes),
    .multiply = FN(multiply_blocks),
};
