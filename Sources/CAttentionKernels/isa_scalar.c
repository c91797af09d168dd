// The path of every target: four-float vectors that clang lowers to the baseline (SSE2 on x86-64), without
// fused multiply-add. It is the slowest path, and the one to read first.
#include "CAttentionKernels.h"
#define ISA scalar
#define ISA_NAME "scalar"
#define VW 4
#define NV 2
#define MR 6
#define HAVE_FMA 0
#define HAVE_HALF 0
#define PREFETCH_ROWS 0
#define HAVE_VNNI 0
#define HAVE_MADDUBS 0
#define BLOCK_ROWS 3
#define BLOCK_GROUPS 1
#include "bodies.h"
