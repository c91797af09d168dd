#if defined(__x86_64__)
#include "CAttentionKernels.h"  // headers come before the target attribute, which must not reach them
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define ISA avx2
#define ISA_NAME "avx2"
#define VW 8
#define NV 2  // 6 × 2 accumulators, 2 vectors of B and a broadcast fill 15 of 16 registers
#define MR 6
#define HAVE_FMA 1
#define HAVE_HALF 1
#define PREFETCH_ROWS 8
#define HAVE_VNNI 0
#define HAVE_MADDUBS 1
#define VECTOR_REGISTER "x"
#define BLOCK_ROWS 3
#define BLOCK_GROUPS 1
#include "bodies.h"
#pragma clang attribute pop
#endif
