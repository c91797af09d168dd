#include "CAttentionKernels.h"

extern const ak_kernels ak_kernels_scalar;
#if defined(__aarch64__)
extern const ak_kernels ak_kernels_neon;
#elif defined(__x86_64__)
extern const ak_kernels ak_kernels_avx2, ak_kernels_avx512, ak_kernels_avx512vnni;
#endif

#if defined(__x86_64__)
static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

static int has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}
#endif

const ak_kernels *ak_kernels_for(ak_isa isa) {
    switch (isa) {
    case AK_SCALAR:
        return &ak_kernels_scalar;
#if defined(__aarch64__)
    case AK_NEON:
        return &ak_kernels_neon;  // part of the architecture's baseline
#elif defined(__x86_64__)
    case AK_AVX2:
        return has_avx2() ? &ak_kernels_avx2 : NULL;
    case AK_AVX512:
        return has_avx512() ? &ak_kernels_avx512 : NULL;
    case AK_AVX512_VNNI:
        return has_avx512() && __builtin_cpu_supports("avx512vnni") ? &ak_kernels_avx512vnni : NULL;
#endif
    default:
        return NULL;
    }
}
