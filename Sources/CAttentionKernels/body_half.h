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

// Tiles of rows by outputs, and the outputs that one row reads at once. Weights are asked for in the order of memory, into
// the second-level cache: 36 GB/s instead of 27 on two cores of Zen 4; into the first level, it is no faster than without.
// With vectors of 16, one row reads one output after the other, and the weights 8 KiB ahead: 31 GB/s on one core, where 8
// outputs side by side reach 25, 2 or 4 less (4 and 16 KiB ahead are 20 and 5 % slower). From some depth on, and with
// shorter vectors, an output's one chain of multiply-adds takes longer than its weights: then 8 stand side by side, and the
// next 8 outputs' weights are asked for.
#if VW == 16
enum { HALF_ROWS = 6, HALF_OUTPUTS = 4, HALF_STREAMS = 8, HALF_ALONE = 6144 };
#elif VW == 8
enum { HALF_ROWS = 4, HALF_OUTPUTS = 2, HALF_STREAMS = 8, HALF_ALONE = 0 };
#else
enum { HALF_ROWS = 4, HALF_OUTPUTS = 4, HALF_STREAMS = 4, HALF_ALONE = 0 };
#endif

// The lanes' chains of `mr` rows and `no` outputs.
INLINE void half_chains(const int format, const int mr, const int no, const ak_half_product *p, int64_t row,
                        int64_t output, vf acc[HALF_ROWS][HALF_STREAMS]) {
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int o = 0; o < no; o++) acc[i][o] = bc(0);
    const float *x = p->x + row * p->x_row;
    const uint16_t *w = p->w + output * p->w_row;
    const char *next = (const char *)(no == 1 ? w + 4096 : w + no * p->w_row);
    int64_t k = 0;
    for (; k + VW <= p->k; k += VW) {
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
    if (k < p->k) {
        UNROLL for (int o = 0; o < no; o++) {
            const vf b = ld_half_part(format, w + o * p->w_row, k, p->k);
            UNROLL for (int i = 0; i < mr; i++) {
                acc[i][o] = fma_(load_part(x + i * p->x_row, k, p->k, 0), b, acc[i][o]);
            }
        }
    }
}

// The sums of VW outputs' chains, a lane each.
INLINE vf sum_of_chains(vf chains[VW]) {
    transpose(chains);
    vf sum = chains[0];
    UNROLL for (int j = 1; j < VW; j++) sum += chains[j];
    return sum;
}

INLINE void half_tile(const int format, const int mr, const int no, const ak_half_product *p, int64_t row) {
    for (int64_t output = 0; output < p->n; output += VW) {
        vf chains[HALF_ROWS][VW];
        const int64_t count = p->n - output < VW ? p->n - output : VW;
        vf acc[HALF_ROWS][HALF_STREAMS];
        int64_t o = 0;
        for (; o + no <= count; o += no) {
            half_chains(format, mr, no, p, row, output + o, acc);
            UNROLL for (int i = 0; i < mr; i++) UNROLL for (int s = 0; s < no; s++) chains[i][o + s] = acc[i][s];
        }
        for (; o < count; o++) {
            half_chains(format, mr, 1, p, row, output + o, acc);
            UNROLL for (int i = 0; i < mr; i++) chains[i][o] = acc[i][0];
        }
        for (; o < VW; o++) UNROLL for (int i = 0; i < mr; i++) chains[i][o] = bc(0);
        const vf bias = p->bias ? load_part(p->bias, output, p->n, 0) : bc(0);
        UNROLL for (int i = 0; i < mr; i++) {
            const vf sum = sum_of_chains(chains[i]);
            store_part(p->y + (row + i) * p->y_row, output, p->n, p->bias ? sum + bias : sum);
        }
    }
    if (p->activation != AK_IDENTITY) {
        for (int i = 0; i < mr; i++) {
            float *y = p->y + (row + i) * p->y_row;
            FN(activate)(y, p->n, (ak_activation)p->activation, y);
        }
    }
}

INLINE void multiply_half_as(const int format, const ak_half_product *p) {
    int64_t tiles = (p->m + HALF_ROWS - 1) / HALF_ROWS;
    for (int64_t row = 0; row < p->m; tiles--) {
        const int64_t rows = (p->m - row + tiles - 1) / tiles;
        switch (rows) {
        case 1:
            if (p->k <= HALF_ALONE) half_tile(format, 1, 1, p, row);
            else half_tile(format, 1, HALF_STREAMS, p, row);
            break;
        case 2: half_tile(format, 2, HALF_OUTPUTS, p, row); break;
        case 3: half_tile(format, 3, HALF_OUTPUTS, p, row); break;
        case 4: half_tile(format, HALF_ROWS > 3 ? 4 : 1, HALF_OUTPUTS, p, row); break;
        case 5: half_tile(format, HALF_ROWS > 4 ? 5 : 1, HALF_OUTPUTS, p, row); break;
        case 6: half_tile(format, HALF_ROWS > 5 ? 6 : 1, HALF_OUTPUTS, p, row); break;
        default: break;
        }
        row += rows;
    }
}

static void FN(multiply_half)(const ak_half_product *p) {
    if (p->format == AK_FLOAT16) multiply_half_as(AK_FLOAT16, p);
    else multiply_half_as(AK_BFLOAT16, p);
}

static void FN(from_half)(const uint16_t *in, int64_t count, int32_t format, float *out) {
    for (int64_t i = 0; i < count; i += VW) {
        const vf x = format == AK_FLOAT16 ? ld_half_part(AK_FLOAT16, in, i, count)
                                          : ld_half_part(AK_BFLOAT16, in, i, count);
        store_part(out, i, count, x);
    }
}

#define HALF_KERNELS .multiply_half = FN(multiply_half), .from_half = FN(from_half)
