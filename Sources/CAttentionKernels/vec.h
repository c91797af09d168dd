// The vector type that the bodies are written over, for one instruction set.
//
// Included once per isa_*.c, which defines ISA (a suffix), VW (floats in a vector), NV (vectors in the widest
// panel), MR (rows of a register tile), HAVE_FMA and PREFETCH_ROWS. No intrinsics: clang's vector extensions
// give the same code on every target, and one body to read.

#include "CAttentionKernels.h"

#define AK_CAT_(a, b) a##_##b
#define AK_CAT(a, b) AK_CAT_(a, b)
#define FN(name) AK_CAT(name, ISA)
#define INLINE static inline __attribute__((always_inline, nodebug))
#define NOINLINE static __attribute__((noinline))
#define UNROLL _Pragma("clang loop unroll(full)")

#pragma STDC FP_CONTRACT OFF  // every fused multiply-add is written out, so that all builds round alike

typedef float vf __attribute__((ext_vector_type(VW)));
typedef float vf_unaligned __attribute__((ext_vector_type(VW), aligned(4)));
typedef int32_t vi __attribute__((ext_vector_type(VW)));
typedef uint32_t vu __attribute__((ext_vector_type(VW)));

INLINE vf ld(const float *p) { return *(const vf_unaligned *)p; }
INLINE void st(float *p, vf x) { *(vf_unaligned *)p = x; }
INLINE vf bc(float x) { return (vf)x; }
INLINE vi as_int(vf x) { return (vi)x; }
INLINE vf as_float(vi x) { return (vf)x; }

INLINE vf fma_(vf a, vf b, vf c) {
#if HAVE_FMA
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}

// max(a, b); b where either is NaN. One instruction on every target.
INLINE vf vmax(vf a, vf b) { return a > b ? a : b; }
INLINE vf vmin(vf a, vf b) { return a < b ? a : b; }
INLINE vf select(vi mask, vf yes, vf no) { return mask ? yes : no; }
INLINE vf vabs(vf x) { return __builtin_elementwise_abs(x); }

// 0, 1, 2 … VW − 1
INLINE vf iota(void) {
    vf r;
    UNROLL for (int i = 0; i < VW; i++) r[i] = (float)i;
    return r;
}
INLINE vi iota_int(void) {
    vi r;
    UNROLL for (int i = 0; i < VW; i++) r[i] = i;
    return r;
}

// The sum of the lanes, pairwise: the order never depends on the data's place in memory.
INLINE float reduce_add(vf x) {
    float lanes[VW];
    st(lanes, x);
    UNROLL for (int width = VW / 2; width > 0; width /= 2) {
        UNROLL for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
    }
    return lanes[0];
}

// Whether any lane of a comparison holds.
INLINE int any(vi mask) { return __builtin_reduce_or(mask) != 0; }

#if VW == 16
#define AK_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define AK_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif VW == 8
#define AK_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define AK_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define AK_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define AK_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

// Transposes a VW × VW block in registers by log2(VW) perfect shuffles.
INLINE void transpose(vf r[VW]) {
    vf t[VW];
    UNROLL for (int s = 1; s < VW; s *= 2) {
        UNROLL for (int i = 0; i < VW / 2; i++) {
            t[2 * i] = AK_LOW(r[i], r[i + VW / 2]);
            t[2 * i + 1] = AK_HIGH(r[i], r[i + VW / 2]);
        }
        UNROLL for (int i = 0; i < VW; i++) r[i] = t[i];
    }
}
