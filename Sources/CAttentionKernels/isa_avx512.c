#if defined(__x86_64__)
#include "CAttentionKernels.h"  // headers come before the target attribute, which must not reach them
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,f16c"))), apply_to = function)
#define ISA avx512
#define ISA_NAME "avx512"
#define VW 16
#define NV 3  // 8 × 3 accumulators, 3 vectors of B and a broadcast fill the 32 registers: 12 × 2, 14 × 2 and 7 × 4 are slower
#define MR 8
#define HAVE_FMA 1
#define HAVE_HALF 1
#define PREFETCH_ROWS 8
#define HAVE_VNNI 0
#define HAVE_MADDUBS 1
#define VECTOR_REGISTER "v"
#define BLOCK_ROWS 6
#define BLOCK_GROUPS 1
#include "bodies.h"

extern const ak_block_kernels ak_block_kernels_avx512vnni;
const ak_kernels ak_kernels_avx512vnni = AK_KERNELS("avx512vnni", ak_block_kernels_avx512vnni);
#pragma clang attribute pop
#endif
