#if defined(__aarch64__)
#include "CAttentionKernels.h"
#define ISA neon
#define ISA_NAME "neon"
#define VW 4
#define NV 4  // 6 × 4 accumulators, 4 vectors of B and a broadcast fill 29 of 32 registers
#define MR 6
#define HAVE_FMA 1
#define HAVE_HALF 1
#define PREFETCH_ROWS 0
#define HAVE_VNNI 0
#define HAVE_MADDUBS 0
#define BLOCK_ROWS 6
#define BLOCK_GROUPS 1
#include "bodies.h"
#endif
