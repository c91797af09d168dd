// AVX-512 with instructions for products of 8-bit integers: products with weights in blocks are its own, and
// everything else is AVX-512's (isa_avx512.c, which makes the table).
#if defined(__x86_64__)
#include "CAttentionKernels.h"  // headers come before the target attribute, which must not reach them

extern const ak_kernels ak_kernels_avx512;

#pragma clang attribute push(__attribute__((target("avx512vnni,avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,f16c"))), apply_to = function)
#define ISA avx512vnni
#define VW 16
#define HAVE_FMA 1
#define HAVE_HALF 1
#define HAVE_VNNI 1
#define HAVE_MADDUBS 0
#define VECTOR_REGISTER "v"
#define BLOCK_ROWS 6
#define BLOCK_GROUPS 2  // 6 × 2 sums of integers, as many of floats, 2 vectors of weights and a broadcast fill 27 of 32 registers
#include "vec.h"
#include "vec_parts.h"

static void FN(activate)(const float *x, int64_t count, ak_activation activation, float *out) {
    ak_kernels_avx512.elementwise.activate(x, count, activation, out);
}

#include "body_blocks.h"
#pragma clang attribute pop
#endif
