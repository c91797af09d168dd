// Products with weights in blocks of 32 integers that share a scale (GGUF's q8_0 and q4_0).
//
// A group of VW outputs is interleaved by fours: a vector holds four neighbouring weights of each output, is
// multiplied by the same four activations, and every lane adds up its four products. The activations are rounded to
// 8 bits, 32 to a scale; products and sums are exact integers, so what happens inside a block is the same on every
// instruction set. Across blocks each output is one chain of multiply-adds.
//
// How four products are added up differs, and each way is exact:
//   avx512vnni  u8 · s8 → i32 in one instruction. q8_0 weights are stored with 128 added, q4_0 weights are 0 … 15;
//               the sum begins at −128·Σx or −8·Σx.
//   avx512, avx2  u8 · s8 → i16 in pairs, then i32. The pairs saturate: q8_0 multiplies |w| by x with w's sign, at
//               most 2·128·127 < 2¹⁵; q4_0 adds up a whole block in 16 bits, at most 16·15·127 < 2¹⁵.
//   others      s8 · s8 → i16, then i32; one instruction on Arm where it has the dot product.
//
// The instructions are written as assembly: compilers have changed the types of their builtins, and the header of
// the intrinsics brings the C library with it.

typedef int8_t vb __attribute__((ext_vector_type(4 * VW)));
typedef int8_t vb_unaligned __attribute__((ext_vector_type(4 * VW), aligned(1)));
typedef int16_t vs __attribute__((ext_vector_type(2 * VW)));

#define BLOCK_AHEAD 2048

// `sum` of a block is a vector of 32-bit integers, except that 4-bit weights are added up in 16 bits by `maddubs`.
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
    if (format == AK_Q4_0) return (vi)((vs)sum + add_pairs(w, x));
    const vb negative = (vb)(w < 0);
    return sum + widen_pairs(add_pairs(__builtin_elementwise_abs(w), (x ^ negative) - negative));
}
INLINE vi block_sum(const int format, vi sum, int32_t start) {
    return format == AK_Q4_0 ? widen_pairs((vs)sum) + (vi)start : sum;
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

#if HAVE_VNNI
#define STARTS_AT_ZERO(format) 0
#elif HAVE_MADDUBS
#define STARTS_AT_ZERO(format) 1  // the sum's start is added at the end, in 32 bits
#else
#define STARTS_AT_ZERO(format) ((format) == AK_Q8_0)
#endif
#define BLOCK_BIAS(format) ((format) == AK_Q4_0 ? 8 : HAVE_VNNI ? 128 : 0)
#define GROUP_BYTES(format) ((format) == AK_Q8_0 ? 32 * VW : 16 * VW)  // of a block

// The four activations at `x` in every lane.
INLINE vb four(const int8_t *x) {
    int32_t bits;
    __builtin_memcpy(&bits, x, 4);
    return (vb)(vi)bits;
}

INLINE void block_tile(const int format, const int mr, const int ng, const ak_block_product *p, int64_t row,
                       int64_t group) {
    vf sum[BLOCK_ROWS][BLOCK_GROUPS];
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int g = 0; g < ng; g++) sum[i][g] = bc(0);
    const int64_t blocks = p->blocks;
    const int8_t *x = p->x + row * blocks * 32;
    const uint8_t *w = p->w + group * blocks * GROUP_BYTES(format);
    for (int64_t b = 0; b < blocks; b++) {
        vi part[BLOCK_ROWS][BLOCK_GROUPS];
        UNROLL for (int i = 0; i < mr; i++) {
            const vi start = STARTS_AT_ZERO(format) ? (vi)0 : (vi)p->x_sum[(row + i) * blocks + b];
            UNROLL for (int g = 0; g < ng; g++) part[i][g] = start;
        }
        UNROLL for (int q = 0; q < GROUP_BYTES(format) / (4 * VW); q++) {
            UNROLL for (int g = 0; g < ng; g++) {
                const uint8_t *at = w + (g * blocks + b) * GROUP_BYTES(format) + q * 4 * VW;
                if (mr <= STREAMED_ROWS) __builtin_prefetch(at + BLOCK_AHEAD, 0, 3);
                const vb v = *(const vb_unaligned *)at;
                const vb low = format == AK_Q4_0 ? v & 15 : v;
                const vb high = (vb)((vs)v >> 4) & 15;
                UNROLL for (int i = 0; i < mr; i++) {
                    const int8_t *a = x + (i * blocks + b) * 32 + 4 * q;
                    part[i][g] = add_fours(format, part[i][g], low, four(a));
                    if (format == AK_Q4_0) part[i][g] = add_fours(format, part[i][g], high, four(a + 16));
                }
            }
        }
        UNROLL for (int g = 0; g < ng; g++) {
            const vf scale = half_to_float((FN(v16))*(const vh *)(p->w_scale + ((group + g) * blocks + b) * VW));
            UNROLL for (int i = 0; i < mr; i++) {
                const int64_t at = (row + i) * blocks + b;
                const vf whole = __builtin_convertvector(block_sum(format, part[i][g], p->x_sum[at]), vf);
                sum[i][g] = fma_(whole, scale * bc(p->x_scale[at]), sum[i][g]);
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
    if (p->activation != AK_IDENTITY) {
        const int64_t output = group * VW, width = p->n - output < ng * VW ? p->n - output : ng * VW;
        for (int i = 0; i < mr; i++) {
            float *y = p->y + (row + i) * p->y_row + output;
            FN(activate)(y, width, (ak_activation)p->activation, y);
        }
    }
}

// All rows pass by a few groups, which stay in the second-level cache.
INLINE void block_rows(const int format, const int ng, const ak_block_product *p, int64_t group) {
    int64_t tiles = (p->m + BLOCK_ROWS - 1) / BLOCK_ROWS;
    for (int64_t row = 0; row < p->m; tiles--) {
        const int64_t rows = (p->m - row + tiles - 1) / tiles;
        switch (rows) {
        case 1: block_tile(format, 1, ng, p, row, group); break;
        case 2: block_tile(format, 2, ng, p, row, group); break;
        case 3: block_tile(format, 3, ng, p, row, group); break;
#if BLOCK_ROWS > 3
        case 4: block_tile(format, 4, ng, p, row, group); break;
        case 5: block_tile(format, 5, ng, p, row, group); break;
        case 6: block_tile(format, 6, ng, p, row, group); break;
#endif
        default: break;
        }
        row += rows;
    }
}

INLINE void multiply_blocks_as(const int format, const ak_block_product *p) {
    const int64_t groups = (p->n + VW - 1) / VW;
    int64_t group = 0;
    for (; group + BLOCK_GROUPS <= groups; group += BLOCK_GROUPS) block_rows(format, BLOCK_GROUPS, p, group);
    for (; group < groups; group++) block_rows(format, 1, p, group);
}

static void FN(multiply_blocks)(const ak_block_product *p) {
    if (p->format == AK_Q8_0) multiply_blocks_as(AK_Q8_0, p);
    else multiply_blocks_as(AK_Q4_0, p);
}

static void FN(quantize_rows)(const float *x, ptrdiff_t x_row, int64_t rows, int64_t blocks, int32_t format, int8_t *q,
                              float *scale, int32_t *sum) {
    typedef int8_t bytes __attribute__((ext_vector_type(VW), aligned(1)));
    for (int64_t row = 0; row < rows; row++, x += x_row) {
        for (int64_t b = 0; b < blocks; b++, q += 32, scale++, sum++) {
            vf largest = bc(0), finite = bc(0);
            UNROLL for (int i = 0; i < 32; i += VW) {
                const vf v = ld(x + b * 32 + i);
                largest = vmax(vabs(v), largest);
                finite += v * bc(0);  // NaN unless all are finite
            }
            const float most = __builtin_reduce_max(largest);
            const int tiny = !(most > 0x1p-100f);  // 127 / most would overflow; the block is 0, or not a number
            const float factor = tiny ? 0 : 127 / most;
            *scale = (tiny ? 0 : most / 127) + reduce_add(finite);
            vi total = (vi)0;
            UNROLL for (int i = 0; i < 32; i += VW) {
                // Adding 1.5·2²³ rounds to a whole number and leaves it in the low bits.
                const vi n = as_int(ld(x + b * 32 + i) * bc(factor) + bc(12582912.f)) << 24 >> 24;
                total += n;
                *(bytes *)(q + i) = __builtin_convertvector(n, bytes);
            }
            *sum = -BLOCK_BIAS(format) * __builtin_reduce_add(total);
        }
    }
}

static void FN(pack_group)(const uint8_t *rows, ptrdiff_t row_bytes, int64_t outputs, int64_t blocks, int32_t format,
                           uint8_t *w, uint16_t *scale) {
    const int64_t numbers = format == AK_Q8_0 ? 32 : 16;  // bytes of a block without its scale, which comes first
    const uint32_t flip = format == AK_Q8_0 && HAVE_VNNI ? 0x80808080u : 0;
    for (int64_t b = 0; b < blocks; b++) {
        for (int64_t o = 0; o < VW; o++) {
            const uint8_t *from = rows + o * row_bytes + b * (numbers + 2);
            uint16_t d = 0;
            if (o < outputs) __builtin_memcpy(&d, from, 2);
            scale[b * VW + o] = d;
            for (int64_t i = 0; i < numbers; i += 4) {
                uint32_t bits = 0;
                if (o < outputs) __builtin_memcpy(&bits, from + 2 + i, 4);
                bits ^= flip;
                __builtin_memcpy(w + b * numbers * VW + i * VW + 4 * o, &bits, 4);
            }
        }
    }
}

static void FN(unpack_group)(const uint8_t *w, const uint16_t *scale, int64_t outputs, int64_t blocks, int32_t format,
                             uint8_t *rows, ptrdiff_t row_bytes) {
    const int64_t numbers = format == AK_Q8_0 ? 32 : 16;
    const uint32_t flip = format == AK_Q8_0 && HAVE_VNNI ? 0x80808080u : 0;
    for (int64_t b = 0; b < blocks; b++) {
        for (int64_t o = 0; o < outputs; o++) {
            uint8_t *to = rows + o * row_bytes + b * (numbers + 2);
            __builtin_memcpy(to, scale + b * VW + o, 2);
            for (int64_t i = 0; i < numbers; i += 4) {
                uint32_t bits;
                __builtin_memcpy(&bits, w + b * numbers * VW + i * VW + 4 * o, 4);
                bits ^= flip;
                __builtin_memcpy(to + 2 + i, &bits, 4);
            }
        }
    }
}

#define BLOCK_KERNELS                                                                                      \
    .quantize_rows = FN(quantize_rows), .pack_group = FN(pack_group), .unpack_group = FN(unpack_group), \
    .multiply_blocks = FN(multiply_blocks)
